package io.pageflip.os;

import static io.pageflip.os.Samples.PAGE;
import static org.assertj.core.api.Assertions.assertThat;

import io.pageflip.testkit.Tasks;
import java.io.IOException;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** Who is trapped, and how each kind of trap is served. */
final class FaultEventsIT {
    private static final int PAGES = 64;

    @Test
    void aTrappedThreadIsToldOfAndServed() throws IOException {
        try (MemFd file = MemFd.create("ram", PAGES * PAGE, false);
                Mapping source = Mapping.shared(file);
                Mapping mapping = Mapping.shared(file);
                Userfaultfd uffd = Userfaultfd.open(Userfaultfd.FEATURE_MINOR_SHMEM | Userfaultfd.FEATURE_THREAD_ID);
                FaultEvents events = FaultEvents.of(uffd)) {
            Samples.number(source, 300);
            uffd.registerMinor(mapping);
            assertThat(events.poll()).isZero();
            AtomicInteger threadId = new AtomicInteger();
            Tasks<Boolean> touch = Tasks.start("trapped", () -> {
                threadId.set(Proc.threadId());
                mapping.setLong(9 * PAGE + 16, 5);
                return true;
            });
            assertThat(events.await()).isTrue();
            assertThat(events.poll()).isEqualTo(1);
            assertThat(events.address(0)).isEqualTo(mapping.address() + 9 * PAGE);
            assertThat(events.threadId(0)).isEqualTo(threadId.get());
            assertThat(events.isMinor(0)).isTrue();
            assertThat(events.isWrite(0)).isTrue();
            assertThat(uffd.continueRange(mapping, 9 * PAGE, PAGE)).isEqualTo(PAGE);
            touch.awaitAsleep(); // mapped, and not woken
            assertThat(uffd.continueAndWake(mapping, 9 * PAGE, PAGE)).isEqualTo(-Errno.EEXIST);
            touch.awaitAsleep();
            uffd.wake(mapping, 9 * PAGE, PAGE);
            assertThat(touch.await()).isTrue();
            assertThat(mapping.getLong(9 * PAGE)).isEqualTo(309);
            Tasks<Long> next = Tasks.start("trapped", () -> mapping.getLong(10 * PAGE));
            assertThat(events.await()).isTrue();
            assertThat(events.poll()).isEqualTo(1);
            assertThat(events.isWrite(0)).isFalse();
            assertThat(uffd.continueAndWake(mapping, 10 * PAGE, 2 * PAGE)).isEqualTo(2 * PAGE);
            assertThat(next.await()).isEqualTo(310);
        }
    }

    @Test
    void missingPagesAreFilledWithBytesOrZeros() throws IOException {
        try (Mapping mapping = Mapping.anonymous("ram", PAGES * PAGE);
                Userfaultfd uffd = Userfaultfd.open(0);
                FaultEvents events = FaultEvents.of(uffd)) {
            uffd.registerMissing(mapping);
            NativeBuffer page = NativeBuffer.allocate(2 * PAGE);
            page.bytes().putLong(8, 77).putLong(PAGE + 8, 78);
            Tasks<Long> touch = Tasks.start("trapped", () -> mapping.getLong(9 * PAGE + 8));
            assertThat(events.await()).isTrue();
            assertThat(events.poll()).isEqualTo(1);
            assertThat(events.isMinor(0)).isFalse();
            assertThat(events.threadId(0)).as("without the feature").isZero();
            assertThat(uffd.copy(mapping, 9 * PAGE, page, 2 * PAGE)).isEqualTo(2 * PAGE);
            assertThat(touch.await()).isEqualTo(77);
            assertThat(mapping.getLong(10 * PAGE + 8)).isEqualTo(78);
            assertThat(uffd.copy(mapping, 10 * PAGE, page, PAGE)).isEqualTo(-Errno.EEXIST);
            assertThat(uffd.copy(mapping, 8 * PAGE, page, 2 * PAGE)).isEqualTo(PAGE);
            Tasks<Long> zero = Tasks.start("trapped", () -> mapping.getLong(20 * PAGE));
            assertThat(events.await()).isTrue();
            assertThat(events.poll()).isEqualTo(1);
            assertThat(uffd.zero(mapping, 20 * PAGE, 4 * PAGE)).isEqualTo(4 * PAGE);
            assertThat(zero.await()).isZero();
            assertThat(uffd.zero(mapping, 23 * PAGE, PAGE)).isEqualTo(-Errno.EEXIST);
        }
    }

    @Test
    void aHoleOfASharedMappingTrapsIfItIsRegisteredForThat() throws IOException {
        try (MemFd file = MemFd.create("ram", PAGES * PAGE, false);
                Mapping mapping = Mapping.shared(file);
                Userfaultfd uffd = Userfaultfd.open(Userfaultfd.FEATURE_MISSING_SHMEM);
                FaultEvents events = FaultEvents.of(uffd)) {
            uffd.registerMissing(mapping);
            Tasks<Long> touch = Tasks.start("trapped", () -> mapping.getLong(9 * PAGE));
            assertThat(events.await()).isTrue();
            assertThat(events.poll()).isEqualTo(1);
            assertThat(uffd.zero(mapping, 9 * PAGE, PAGE)).isEqualTo(PAGE);
            assertThat(touch.await()).isZero();
        }
    }

    @Test
    void waitingEndsWhenItIsStopped() throws IOException {
        try (Userfaultfd uffd = Userfaultfd.open(0);
                FaultEvents events = FaultEvents.of(uffd)) {
            Tasks<Boolean> wait = Tasks.start("waiting", events::await);
            wait.awaitAsleep();
            events.stop();
            assertThat(wait.await()).isFalse();
            assertThat(events.await()).isFalse();
        }
    }
}
