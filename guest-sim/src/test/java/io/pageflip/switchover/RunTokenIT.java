package io.pageflip.switchover;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pageflip.guest.GuestChildren;
import io.pageflip.os.MemFd;
import io.pageflip.os.NativeBuffer;
import io.pageflip.os.Proc;
import io.pageflip.testkit.ChildJvm;
import io.pageflip.testkit.Tasks;
import io.pageflip.testkit.Waiting;
import java.io.IOException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

final class RunTokenIT {
    private static final long LONG_NS = TimeUnit.DAYS.toNanos(1);

    private static RunToken attach(RunToken token) throws IOException {
        return RunToken.attach(MemFd.adopt(token.file().fd().duplicate(), "token", RunToken.lengthBytes()));
    }

    private static ChildJvm other(RunToken token) throws IOException {
        return ChildJvm.start(
                GuestChildren.class,
                "token",
                "" + Proc.pid(),
                "" + token.file().fd().number());
    }

    @Test
    void itsMakerHoldsTheLockInTheFirstEpoch() throws IOException {
        try (RunToken maker = RunToken.create();
                RunToken other = attach(maker)) {
            assertThat(maker.isLocked()).isTrue();
            assertThat(maker.epoch()).isEqualTo(1);
            assertThat(other.isLocked()).isFalse();
            assertThat(other.epoch()).isEqualTo(1);
            assertThat(other.tryLock()).isFalse();
            assertThat(other.isLocked()).isFalse();
        }
    }

    @Test
    void theEpochIsTheFirstWordOfItsFile() throws IOException {
        try (RunToken token = RunToken.create()) {
            token.claim(2);
            NativeBuffer page = NativeBuffer.allocate(8);
            token.file().read(0, page, 8);
            assertThat(page.bytes().getLong(0)).isEqualTo(2);
        }
    }

    @Test
    void theLockGoesToWhoTriesAfterItsRelease() throws IOException {
        try (RunToken maker = RunToken.create();
                RunToken other = attach(maker)) {
            assertThat(maker.tryLock()).as("what it holds anyway").isTrue();
            maker.release();
            assertThat(maker.isLocked()).isFalse();
            assertThat(other.tryLock()).isTrue();
            assertThat(maker.tryLock()).isFalse();
            other.claim(2);
            assertThat(maker.epoch()).isEqualTo(2);
            other.release();
            assertThat(maker.tryLock()).isTrue();
        }
    }

    @Test
    void whoClosesReleases() throws IOException {
        try (RunToken maker = RunToken.create()) {
            maker.release();
            RunToken other = attach(maker);
            assertThat(other.tryLock()).isTrue();
            assertThat(maker.tryLock()).isFalse();
            other.close();
            assertThat(maker.tryLock()).isTrue();
            assertThat(maker.epoch()).isEqualTo(1);
        }
    }

    @Test
    void claimingNeedsTheLock() throws IOException {
        try (RunToken maker = RunToken.create();
                RunToken other = attach(maker)) {
            assertThatThrownBy(() -> other.claim(2))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessage("claiming the guest without the lock");
            maker.release();
            assertThatThrownBy(() -> maker.claim(2)).isInstanceOf(IllegalStateException.class);
            assertThat(maker.epoch()).isEqualTo(1);
        }
    }

    @Test
    void onlyTheNextEpochCanBeClaimed() throws IOException {
        try (RunToken token = RunToken.create()) {
            for (int wrong : new int[] {0, 1, 3, -1}) {
                assertThatThrownBy(() -> token.claim(wrong))
                        .isInstanceOf(IOException.class)
                        .hasMessage("the source has taken the guest back: its owner epoch is 1, not " + (wrong - 1));
            }
            token.claim(2);
            token.claim(3);
            assertThat(token.epoch()).isEqualTo(3);
        }
    }

    @Test
    void whoeverHasItCanPassItOn() throws IOException {
        RunToken maker = RunToken.create();
        try (RunToken other = attach(maker);
                RunToken third = attach(other)) {
            assertThat(third.tryLock()).isFalse();
            maker.close();
            assertThat(third.tryLock()).isTrue();
            assertThat(other.tryLock()).as("locks of their own").isFalse();
            third.claim(2);
            assertThat(other.epoch()).isEqualTo(2);
        }
    }

    @Test
    void aPassedDescriptorDoesNotKeepTheLock() throws IOException {
        RunToken maker = RunToken.create();
        MemFd passed = MemFd.adopt(maker.file().fd().duplicate(), "token", RunToken.lengthBytes());
        MemFd spare = MemFd.adopt(maker.file().fd().duplicate(), "token", RunToken.lengthBytes());
        try (RunToken other = RunToken.attach(spare)) {
            assertThat(spare.fd().isOpen()).as("closed at once").isFalse();
            maker.close();
            assertThat(passed.fd().isOpen()).isTrue();
            assertThat(other.tryLock()).isTrue();
        } finally {
            passed.close();
        }
    }

    @Test
    void awaitChangeEndsWithTheTimeoutOrTheChange() throws IOException {
        try (RunToken token = RunToken.create()) {
            long before = System.nanoTime();
            token.awaitChange(1, 2_000_000);
            assertThat(System.nanoTime() - before).isGreaterThanOrEqualTo(2_000_000);
            token.claim(2);
            token.awaitChange(1, LONG_NS); // the test's own deadline is far shorter
            assertThat(token.epoch()).isEqualTo(2);
        }
    }

    @Test
    void aClaimInAnotherProcessWakesWhoWaits() throws IOException {
        try (RunToken token = RunToken.create();
                ChildJvm other = other(token)) {
            other.expect("epoch 1");
            other.tell("lock");
            other.expect("locked: false");
            token.release();
            other.tell("lock");
            other.expect("locked: true");
            Tasks<Integer> waiter = Tasks.start("waiter", () -> {
                while (token.epoch() == 1) {
                    token.awaitChange(1, LONG_NS);
                }
                return token.epoch();
            });
            waiter.awaitAsleep();
            other.tell("claim");
            assertThat(waiter.await()).isEqualTo(2);
            other.expect("epoch 2");
            assertThat(token.tryLock()).as("its new owner holds it").isFalse();
        }
    }

    @Test
    void whoDiedBeforeAClaimHasLostNothing() throws IOException {
        try (RunToken token = RunToken.create();
                ChildJvm other = other(token)) {
            other.expect("epoch 1");
            token.release();
            other.tell("lock");
            other.expect("locked: true");
            assertThat(token.tryLock()).isFalse();
            other.kill();
            Waiting.until("the dead agent's lock", token::tryLock);
            assertThat(token.epoch()).as("the guest is still its maker's").isEqualTo(1);
        }
    }

    @Test
    void whoDiedAfterAClaimHasTakenTheGuestAlong() throws IOException {
        try (RunToken token = RunToken.create();
                ChildJvm other = other(token)) {
            other.expect("epoch 1");
            token.release();
            other.tell("lock");
            other.expect("locked: true");
            other.tell("claim");
            other.expect("epoch 2");
            other.kill();
            Waiting.until("the dead agent's lock", token::tryLock);
            assertThat(token.epoch()).isEqualTo(2);
        }
    }
}
