package io.pageflip.log;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

final class EventQueueTest {
    private static final int MORE_THAN_FIT = 10_000;

    private final EventQueue queue = new EventQueue();

    @Test
    void givesEventsInTheirOrder() {
        for (int i = 0; i < 3; i++) {
            queue.add(i, "source", "event " + i, i == 1 ? "detail" : null);
        }

        assertThat(takeAll())
                .containsExactly(
                        new EventQueue.Event(0, "source", "event 0", null),
                        new EventQueue.Event(1, "source", "event 1", "detail"),
                        new EventQueue.Event(2, "source", "event 2", null));
        assertThat(queue.take()).isNull();
        assertThat(queue.takeLost()).isZero();
    }

    @Test
    void countsWhatDoesNotFitAndGoesOn() {
        for (int i = 0; i < MORE_THAN_FIT; i++) {
            queue.add(i, "source", "event", null);
        }

        List<EventQueue.Event> taken = takeAll();
        assertThat(taken.size() + queue.takeLost()).isEqualTo(MORE_THAN_FIT);
        assertThat(taken.get(0).atNs()).isZero();
        assertThat(queue.takeLost()).isZero();

        queue.add(1, "source", "after that", null);
        assertThat(takeAll()).singleElement().extracting(EventQueue.Event::what).isEqualTo("after that");
    }

    /** More than there are slots, by several threads at once, while they are taken: each once, a thread's in order. */
    @Test
    void losesNothingUncounted() throws InterruptedException {
        List<Thread> threads = new ArrayList<>();
        for (String side : List.of("source", "destination", "migrate")) {
            Thread thread = new Thread(() -> {
                for (int i = 0; i < MORE_THAN_FIT; i++) {
                    queue.add(i, side, "event", null);
                }
            });
            threads.add(thread);
            thread.start();
        }
        List<EventQueue.Event> taken = new ArrayList<>();
        while (threads.stream().anyMatch(Thread::isAlive)) {
            taken.addAll(takeAll());
        }
        for (Thread thread : threads) {
            thread.join();
        }
        taken.addAll(takeAll());

        assertThat(taken.size() + queue.takeLost()).isEqualTo(3L * MORE_THAN_FIT);
        taken.stream()
                .collect(Collectors.groupingBy(EventQueue.Event::side))
                .values()
                .forEach(events -> assertThat(
                                events.stream().map(EventQueue.Event::atNs).toList())
                        .isSorted()
                        .doesNotHaveDuplicates());
    }

    private List<EventQueue.Event> takeAll() {
        List<EventQueue.Event> events = new ArrayList<>();
        for (EventQueue.Event event = queue.take(); event != null; event = queue.take()) {
            events.add(event);
        }
        return events;
    }
}
