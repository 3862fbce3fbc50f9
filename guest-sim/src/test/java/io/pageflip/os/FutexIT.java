package io.pageflip.os;

import static io.pageflip.os.Samples.PAGE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pageflip.testkit.ChildJvm;
import io.pageflip.testkit.Tasks;
import io.pageflip.testkit.Waiting;
import java.io.IOException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

final class FutexIT {
    private static final long LONG_NS = TimeUnit.DAYS.toNanos(1);

    @Test
    void doesNotWaitForAWordThatHasChangedAlready() throws SyscallException {
        try (MemFd file = MemFd.create("word", PAGE, false);
                Mapping mapping = Mapping.shared(file)) {
            Futex futex = new Futex(mapping, 4);
            futex.setAndWake(3);
            assertThat(futex.get()).isEqualTo(3);
            Tasks.start("waiter", () -> {
                        futex.await(2, LONG_NS);
                        return true;
                    })
                    .await();
        }
    }

    @Test
    void waitsAtMostTheTimeout() throws SyscallException {
        try (MemFd file = MemFd.create("word", PAGE, false);
                Mapping mapping = Mapping.shared(file)) {
            Futex futex = new Futex(mapping, 0);
            long before = System.nanoTime();
            futex.await(0, 2_000_000);
            assertThat(System.nanoTime() - before).isBetween(2_000_000L, Waiting.LIMIT_NS);
        }
    }

    @Test
    void wakesAWaiterInThisProcess() throws SyscallException {
        try (MemFd file = MemFd.create("word", PAGE, false);
                Mapping mapping = Mapping.shared(file)) {
            Futex futex = new Futex(mapping, 64);
            Tasks<Integer> waiter = waiterFor(futex);
            waiter.awaitAsleep();
            futex.setAndWake(1);
            assertThat(waiter.await()).isEqualTo(1);
        }
    }

    @Test
    void wakesAWaiterInAnotherProcessWithEverythingDoneBefore() throws IOException {
        try (MemFd file = MemFd.create("word", PAGE, false);
                Mapping mapping = Mapping.shared(file);
                ChildJvm child = ChildJvm.start(
                        Children.class, "wake", "" + Proc.pid(), "" + file.fd().number())) {
            child.expect("ready");
            Futex futex = new Futex(mapping, 64);
            Tasks<Integer> waiter = waiterFor(futex);
            waiter.awaitAsleep();
            child.tell("go");
            assertThat(waiter.await()).isEqualTo(7);
            assertThat(mapping.getInt(128)).isEqualTo(99);
        }
    }

    @Test
    void aWordThatIsNotAlignedIsRefused() throws SyscallException {
        try (MemFd file = MemFd.create("word", PAGE, false);
                Mapping mapping = Mapping.shared(file)) {
            assertThatThrownBy(() -> new Futex(mapping, 2).await(0, 1000)).hasMessage("FUTEX_WAIT: EINVAL");
        }
    }

    /** A wait that only a wake-up ends in time. */
    private static Tasks<Integer> waiterFor(Futex futex) {
        return Tasks.start("waiter", () -> {
            while (futex.get() == 0) {
                futex.await(0, LONG_NS);
            }
            return futex.get();
        });
    }
}
