package io.pageflip.warmup;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pageflip.os.NanoClock;
import io.pageflip.os.NativeBuffer;
import io.pageflip.ram.DirtyTracker;
import io.pageflip.switchover.IncomingSwitchover;
import io.pageflip.switchover.OutgoingSwitchover;
import java.io.IOException;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

final class WarmupIT {
    private final Warmup warmup = new Warmup(Warmup.Config.BRIEF, NanoClock.SYSTEM);
    private final AtomicInteger moments = new AtomicInteger();
    private Set<Thread> before;

    @BeforeEach
    void rememberThreads() {
        before = Thread.getAllStackTraces().keySet();
    }

    @AfterEach
    void leavesNoThreadBehind() {
        Set<Thread> left = new HashSet<>(Thread.getAllStackTraces().keySet());
        left.removeAll(before);
        // Those of the JVM, of JNA, of Netty (one that all event loops share) and of JUnit start and end as they like.
        left.removeIf(
                thread -> thread.getThreadGroup() != Thread.currentThread().getThreadGroup()
                        || thread.getName().equals("JNA Cleaner")
                        || thread.getName().startsWith("globalEventExecutor")
                        || thread.getName().startsWith("junit-timeout-thread"));
        assertThat(left).isEmpty();
    }

    @Test
    void eachPartOfItRunsToItsEnd() throws IOException {
        warmup.pageLoop();
        warmup.postcopyFlips();
        warmup.postcopyPulls();
        warmup.adoption();
    }

    /** As the source does it: with what its schedule does, on guests whose pages have to be sent again. */
    @Test
    void aSourceHandsScratchGuestsOver() throws IOException {
        AtomicInteger guests = new AtomicInteger();
        AtomicInteger resent = new AtomicInteger();
        NativeBuffer page = NativeBuffer.allocate(4096);
        warmup.switchover((guest, stream) -> {
            guests.incrementAndGet();
            DirtyTracker written = guest.logUnshareable();
            return new OutgoingSwitchover.Moments() {
                @Override
                public void dryRun() {
                    // Whether there is time for it is the scheduler's business.
                }

                @Override
                public int paused() throws IOException {
                    for (long i = written.take(0).cardinality(); i > 0; i--) {
                        stream.write(page, 4096);
                        resent.incrementAndGet();
                    }
                    return 1;
                }

                @Override
                public void saved() {
                    moments.incrementAndGet();
                }
            };
        });
        assertThat(guests).hasValue(2);
        assertThat(moments).hasValue(Warmup.Config.BRIEF.rounds());
        assertThat(resent).hasPositiveValue();
    }

    @Test
    void aDestinationTakesScratchGuestsOver() throws IOException {
        warmup.switchover(new IncomingSwitchover.Moments() {
            @Override
            public void released() {
                moments.incrementAndGet();
            }

            @Override
            public void locked() {
                moments.incrementAndGet();
            }

            @Override
            public void claimed() {
                moments.incrementAndGet();
            }
        });
        assertThat(moments).hasValue(3 * Warmup.Config.BRIEF.rounds());
    }

    @Test
    void whatFailsInItFails() {
        assertThatThrownBy(() -> warmup.switchover((guest, stream) -> {
                    throw new IOException("no such schedule");
                }))
                .hasMessage("no such schedule");
    }
}
