package io.pageflip.postcopy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pageflip.testkit.Waiting;
import java.io.IOException;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;

final class SourceGateTest {
    private final AtomicBoolean connected = new AtomicBoolean(true);
    private final SourceGate gate = new SourceGate(connected::get);

    /** A thread that wants to read, and stands at the gate. */
    private Thread waiting(AtomicBoolean passed) {
        Thread thread = new Thread(() -> {
            try {
                gate.pass();
                passed.set(true);
            } catch (IOException e) {
                passed.set(false);
            }
        });
        thread.setDaemon(true);
        thread.start();
        Waiting.until("a thread that waits", () -> thread.getState() == Thread.State.WAITING);
        return thread;
    }

    private static void join(Thread thread) throws InterruptedException {
        thread.join(Waiting.LIMIT_MS);
        assertThat(thread.isAlive()).as("still waits").isFalse();
    }

    @Test
    void isOpenAtFirst() throws IOException {
        gate.pass();
        gate.open();
        gate.pass();
    }

    @Test
    void whoWantsToReadWaitsUntilItIsOpenAgain() throws Exception {
        AtomicBoolean passed = new AtomicBoolean();
        gate.pause();
        Thread reader = waiting(passed);
        gate.open();
        join(reader);
        assertThat(passed).isTrue();
    }

    @Test
    void aBrokenConnectionClosesItBeforeAnybodyHasSaidSo() throws Exception {
        AtomicBoolean passed = new AtomicBoolean();
        connected.set(false);
        Thread reader = waiting(passed);
        gate.pause();
        connected.set(true);
        gate.open();
        join(reader);
        assertThat(passed).isTrue();
    }

    @Test
    void whatIsShutStaysShut() throws Exception {
        AtomicBoolean passed = new AtomicBoolean(true);
        gate.pause();
        Thread reader = waiting(passed);
        gate.shut("the source died");
        join(reader);
        assertThat(passed).isFalse();
        gate.open();
        assertThatThrownBy(gate::pass).isInstanceOf(IOException.class).hasMessage("the source died");
    }

    @Test
    void whatIsNotNeededKeepsNobodyWaiting() throws Exception {
        AtomicBoolean passed = new AtomicBoolean();
        connected.set(false);
        Thread reader = waiting(passed);
        gate.remove();
        join(reader);
        assertThat(passed).isTrue();
        gate.pause();
        gate.pass();
    }
}
