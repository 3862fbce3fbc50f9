package io.pageflip.guest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pageflip.os.MemFd;
import io.pageflip.os.NanoClock;
import io.pageflip.ram.Backing;
import io.pageflip.switchover.IncomingSwitchover;
import io.pageflip.switchover.OutgoingSwitchover;
import io.pageflip.switchover.Ownership;
import io.pageflip.switchover.RunToken;
import io.pageflip.switchover.SwitchoverPage;
import io.pageflip.testkit.Waiting;
import java.io.IOException;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The switch of a guest from one owner of its memory to the next, with everything that can call it off. */
final class SwitchoverIT {
    private static final long NO_SPIN = 0;

    private RunToken ours;
    private RunToken theirs;

    @BeforeEach
    void makeTokens() throws IOException {
        ours = RunToken.create();
        MemFd file = ours.file();
        theirs = RunToken.attach(MemFd.adopt(file.fd().duplicate(), file.name(), file.length()));
    }

    @AfterEach
    void closeTokens() {
        theirs.close();
        ours.close();
    }

    /** Does nothing but count, and fail where a test wants it. */
    private static final class Moments implements OutgoingSwitchover.Moments, IncomingSwitchover.Moments {
        private final AtomicInteger claims = new AtomicInteger();
        private final AtomicInteger dryRuns = new AtomicInteger();
        private IOException onSaved;
        private IOException onLocked;
        private int ends = 1;

        @Override
        public void dryRun() {
            assertThat(claims).hasValue(0);
            dryRuns.incrementAndGet();
        }

        @Override
        public int paused() {
            return ends;
        }

        @Override
        public void saved() throws IOException {
            if (onSaved != null) {
                throw onSaved;
            }
        }

        @Override
        public void released() {
            assertThat(claims).hasValue(0);
        }

        @Override
        public void locked() throws IOException {
            if (onLocked != null) {
                throw onLocked;
            }
        }

        @Override
        public void claimed() {
            claims.incrementAndGet();
        }
    }

    private final Moments moments = new Moments();

    private IncomingSwitchover in(long spinNs, long lockTimeoutNs) {
        IncomingSwitchover in =
                new IncomingSwitchover(new Ownership(theirs, 1), spinNs, lockTimeoutNs, NanoClock.SYSTEM, moments);
        in.received(1);
        return in;
    }

    private OutgoingSwitchover out(Machine source) {
        return new OutgoingSwitchover(source.guest(), new Ownership(ours, 1), NanoClock.SYSTEM, moments);
    }

    private static Machine running(int vcpus) throws IOException {
        Machine source = Machine.powerOn(Machine.config(2 << 20, Backing.MEMFD, vcpus, Workload.HOTSET, 100));
        source.guest().resume();
        source.awaitInstructions(100);
        return source;
    }

    private static void awaitFailure(IncomingSwitchover in) {
        Waiting.until("the failure", () -> {
            try {
                in.check();
                return false;
            } catch (IOException e) {
                return true;
            }
        });
    }

    /** A vCPU that is held up may come too late for it, so not each of so many does. */
    @Test
    void aSwitchoverHasADryRunWhileTheGuestRuns() throws IOException {
        try (Machine source = running(1)) {
            for (int stops = 1; moments.dryRuns.get() == 0; stops++) {
                assertThat(stops).as("stops without a dry run").isLessThan(100);
                source.guest().stop(out(source));
                assertThat(ours.tryLock()).isTrue();
                source.guest().resume();
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 5})
    void everyVcpuGoesOnThereAndNoneHere(int vcpus) throws IOException {
        try (Machine source = running(vcpus);
                Machine destination = source.successor()) {
            IncomingSwitchover in = in(1_000_000, Waiting.LIMIT_NS);
            destination.guest().resumeAfter(in);
            source.guest().stop(out(source));
            long[] first = destination.guest().awaitFirstInstructions(Waiting.LIMIT_NS);

            assertThat(in.isClaimed()).isTrue();
            assertThat(source.guest().isRunning()).isFalse();
            assertThat(ours.epoch()).isEqualTo(2);
            SwitchoverPage page = ours.page();
            for (int i = 0; i < vcpus; i++) {
                assertThat(first[i]).isGreaterThan(page.vcpuLastInstructionNs(i));
            }
            assertThat(page.guestPausedNs()).isLessThanOrEqualTo(page.savedNs());
            assertThat(page.savedNs()).isLessThanOrEqualTo(page.releasedNs());
            assertThat(in.noticedNs()).isBetween(page.releasedNs(), in.lockedNs());
            assertThat(in.claimedNs()).isGreaterThanOrEqualTo(in.lockedNs());
            destination.awaitInstructions(1000);
            destination.guest().stop();
            destination.verifyMatches();
        }
    }

    @Test
    void whoSleepsIsWoken() throws IOException {
        try (Machine source = running(1);
                Machine destination = source.successor()) {
            destination.guest().resumeAfter(in(NO_SPIN, Waiting.LIMIT_NS));
            source.awaitInstructions(1000);
            source.guest().stop(out(source));
            destination.guest().awaitFirstInstructions(Waiting.LIMIT_NS);
            assertThat(moments.claims).hasValue(1);
        }
    }

    @Test
    void aStateBeforeItsPagesWaitsForThem() throws IOException {
        try (Machine source = running(1);
                Machine destination = source.successor()) {
            moments.ends = 2;
            IncomingSwitchover in = in(NO_SPIN, Waiting.LIMIT_NS);
            destination.guest().resumeAfter(in);
            source.guest().stop(out(source));
            assertThat(ours.page().isSaved(1)).isTrue();
            assertThat(in.isClaimed()).isFalse();
            in.received(2);
            destination.guest().awaitFirstInstructions(Waiting.LIMIT_NS);
            assertThat(in.isClaimed()).isTrue();
        }
    }

    @Test
    void aSourceThatCallsItOffKeepsTheGuest() throws IOException {
        try (Machine source = running(2);
                Machine destination = source.successor()) {
            IncomingSwitchover in = in(NO_SPIN, Waiting.LIMIT_NS);
            destination.guest().resumeAfter(in);
            moments.onSaved = new IOException("called off");
            assertThatThrownBy(() -> source.guest().stop(out(source))).hasMessage("called off");
            assertThat(ours.isLocked()).isTrue();
            assertThat(in.cancel()).isTrue();
            source.guest().resume();
            source.awaitInstructions(100);
            source.guest().stop();
            source.verifyMatches();
            assertThat(ours.epoch()).isEqualTo(1);
        }
    }

    @Test
    void aDestinationThatIsCancelledNeverRuns() throws IOException {
        try (Machine source = running(1);
                Machine destination = source.successor()) {
            IncomingSwitchover in = in(NO_SPIN, Waiting.LIMIT_NS);
            destination.guest().resumeAfter(in);
            assertThat(in.cancel()).isTrue();
            source.guest().stop(out(source));
            assertThat(ours.tryLock()).isTrue();
            assertThat(in.isClaimed()).isFalse();
            assertThat(ours.epoch()).isEqualTo(1);
            assertThat(destination.guest().isRunning()).isFalse();
        }
    }

    @Test
    void aLockThatStaysHeldIsReported() throws IOException {
        try (Machine source = running(1);
                Machine destination = source.successor()) {
            IncomingSwitchover in = in(NO_SPIN, 1_000_000);
            ours.page().publish(1, SwitchoverPage.RELEASED);
            destination.guest().resumeAfter(in);
            awaitFailure(in);
            assertThatThrownBy(in::check).hasMessageContaining("its lock is still held");
            assertThat(ours.epoch()).isEqualTo(1);
        }
    }

    @Test
    void aStateThatCannotBeIsNotRun() throws IOException {
        try (Machine source = running(1);
                Machine destination = source.successor()) {
            source.guest().stop();
            source.guest().save(ours.page());
            ours.page().setConsole(1, 99, 0, 0);
            ours.page().setEnds(1);
            IncomingSwitchover in = in(NO_SPIN, Waiting.LIMIT_NS);
            ours.release();
            ours.page().publish(1, SwitchoverPage.RELEASED);
            destination.guest().resumeAfter(in);
            awaitFailure(in);
            assertThat(ours.epoch()).isEqualTo(1);
            assertThat(destination.guest().isRunning()).isFalse();
        }
    }

    @Test
    void aStateIsTakenFromASourceThatDiedAfterSavingIt() throws IOException {
        try (Machine source = running(1);
                Machine destination = source.successor()) {
            source.guest().stop();
            source.guest().save(ours.page());
            ours.page().setEnds(1);
            ours.page().publishQuietly(1, SwitchoverPage.SAVED);
            IncomingSwitchover in = in(NO_SPIN, Waiting.LIMIT_NS);
            destination.guest().resumeAfter(in);
            in.sourceIsGone();
            ours.release(); // as the kernel does for the dead
            destination.guest().awaitFirstInstructions(Waiting.LIMIT_NS);
            assertThat(ours.epoch()).isEqualTo(2);
        }
    }

    @Test
    void whatAnEarlierEpochLeftBehindSaysNothing() {
        ours.page().publish(1, SwitchoverPage.RELEASED);
        assertThat(ours.page().isSaved(1)).isTrue();
        assertThat(ours.page().isSaved(2)).isFalse();
        assertThat(theirs.page().phase(1)).isEqualTo(SwitchoverPage.RELEASED);
        assertThat(theirs.page().phase(5)).isZero();
    }

    @Test
    void aRunningGuestCannotTakeAnotherOver() throws IOException {
        try (Machine source = running(1)) {
            assertThatIllegalStateException().isThrownBy(() -> source.guest().resumeAfter(in(NO_SPIN, 1)));
        }
    }
}
