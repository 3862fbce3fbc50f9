package io.pageflip.migration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.pageflip.guest.GuestConfig;
import io.pageflip.guest.Workload;
import io.pageflip.metrics.Failure;
import io.pageflip.metrics.MigrationStatus;
import io.pageflip.metrics.Owner;
import io.pageflip.metrics.PageCounts;
import io.pageflip.metrics.PrecopyResult;
import io.pageflip.metrics.RunResult;
import io.pageflip.metrics.VerificationResult;
import io.pageflip.ram.Backing;
import io.pageflip.ram.DirtyTracking;
import io.pageflip.request.ChannelKind;
import io.pageflip.request.Mechanism;
import io.pageflip.request.MigrationRequest;
import io.pageflip.request.PrecopyLimits.OnTimeout;
import io.pageflip.request.RequestBuilder;
import io.pageflip.request.Schedule;
import io.pageflip.testkit.Waiting;
import java.util.List;
import java.util.concurrent.FutureTask;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A precopy between both agents, on two threads of one process, of a guest that writes meanwhile. */
final class PrecopyIT {
    /** So much that four rounds at this bandwidth are outrun. */
    private static final long SLOW = 200 << 20;

    @RegisterExtension
    final TwoAgents agents = new TwoAgents();

    private static GuestConfig guest(Backing backing, Workload workload, long dirtyRate, int fill) {
        return new GuestConfig(16 << 20, backing, 2, workload, dirtyRate, 10, fill, 7);
    }

    private RunResult migrate(
            GuestConfig guest, Mechanism mechanism, ChannelKind channel, MigrationRequest.Precopy precopy)
            throws Exception {
        MigrationRequest request = new RequestBuilder()
                .guest(guest)
                .mechanism(mechanism)
                .schedule(Schedule.PRECOPY)
                .channel(channel)
                .precopy(precopy)
                .runAfterS(0)
                .build();
        return TwoAgents.join(agents.source(request));
    }

    @ParameterizedTest
    @CsvSource({
        "STREAM, UNIX, MEMFD,     WRITE_PROTECT",
        "STREAM, PIPE, ANONYMOUS, LOG",
        "GIFT,   UNIX, ANONYMOUS, WRITE_PROTECT",
        "GIFT,   PIPE, ANONYMOUS, LOG",
        "PULL,   UNIX, MEMFD,     LOG",
        "PULL,   PIPE, ANONYMOUS, WRITE_PROTECT",
    })
    void aGuestThatWritesChangesHands(Mechanism mechanism, ChannelKind channel, Backing backing, DirtyTracking tracking)
            throws Exception {
        GuestConfig config = guest(backing, Workload.UNIFORM, 20_000, 60);
        // Rounds of tens of milliseconds, so that there is something to send again; and two of them at least.
        MigrationRequest.Precopy limits =
                new MigrationRequest.Precopy(1L, SLOW, 3, false, 0.0, OnTimeout.SWITCH, tracking);
        FutureTask<RunResult> destination = agents.destination(true);

        RunResult result = migrate(config, mechanism, channel, limits);

        assertThat(result.error()).isNull();
        assertThat(result.status()).isEqualTo(MigrationStatus.COMPLETED);
        assertThat(result.verification().status()).isEqualTo(VerificationResult.Status.MATCH);
        assertThat(TwoAgents.join(destination).owner()).isEqualTo(Owner.DESTINATION);
        PageCounts pages = result.measured().pages();
        assertThat(pages.addsUp()).isTrue();
        assertThat(pages.moved()).isZero();
        if (mechanism == Mechanism.GIFT) {
            assertThat(pages.copyReasons()).containsOnlyKeys("not-gifted", "kernel-declined", "not-page-sized");
            assertThat(pages.copyReasons().get("not-gifted"))
                    .isGreaterThan(pages.copyReasons().get("kernel-declined"));
        } else {
            assertThat(pages.copyReasons()).containsOnlyKeys("mechanism-copies");
        }
        PrecopyResult precopy = result.source().precopy();
        assertThat(precopy.dirtyTracking()).isEqualTo(tracking.toString());
        assertThat(precopy.downtimeLimit()).isEqualTo(1);
        assertRounds(precopy.rounds(), "switch");
        assertThat(precopy.rounds().get(0).pagesSent()).isGreaterThan(pages.total() / 2);
    }

    private static void assertRounds(List<PrecopyResult.Round> rounds, String last) {
        for (int i = 0; i < rounds.size(); i++) {
            PrecopyResult.Round round = rounds.get(i);
            assertThat(round.round()).isEqualTo(i + 1);
            // What a vCPU writes in a round that gives it no processor is nothing; what was missed is stale, and
            // verified.
            assertThat(round.pagesDirtied()).isNotNegative();
            assertThat(round.bytesSent()).isEqualTo(round.pagesSent() * 4096);
            assertThat(round.durationNs()).isPositive();
            if (i > 0) {
                assertThat(round.pagesSent()).isEqualTo(rounds.get(i - 1).pagesDirtied());
            }
            assertThat(round.decision().equals("switch") || round.decision().equals("cancel"))
                    .isEqualTo(i == rounds.size() - 1);
        }
        assertThat(rounds.get(rounds.size() - 1).decision()).isEqualTo(last);
        assumeThat(rounds.stream().mapToLong(PrecopyResult.Round::pagesDirtied).sum())
                .as("pages written in all rounds: 0 if the vCPUs got no processor meanwhile")
                .isPositive();
    }

    @Test
    void aGuestThatOutrunsItStaysIfTheUserWantsThat() throws Exception {
        GuestConfig config = guest(Backing.MEMFD, Workload.UNIFORM, 500_000, 100);
        MigrationRequest.Precopy limits =
                new MigrationRequest.Precopy(1L, SLOW, 2, false, 0.0, OnTimeout.CANCEL, DirtyTracking.WRITE_PROTECT);
        FutureTask<RunResult> destination = agents.destination(true);

        RunResult result = migrate(config, Mechanism.STREAM, ChannelKind.UNIX, limits);

        assertThat(result.status()).isEqualTo(MigrationStatus.CANCELLED);
        assertThat(result.owner()).isEqualTo(Owner.SOURCE);
        assertThat(result.error().kind()).isEqualTo(Failure.Kind.NOT_CONVERGED);
        assertThat(result.error().message()).startsWith("the rounds have run out: after round 2 and ");
        assertThat(result.verification().status()).isEqualTo(VerificationResult.Status.MATCH);
        assertRounds(result.source().precopy().rounds(), "cancel");
        assertThat(destination)
                .failsWithin(Waiting.LIMIT)
                .withThrowableOfType(java.util.concurrent.ExecutionException.class);
    }

    @Test
    void aGuestThatOutrunsItIsThrottled() throws Exception {
        GuestConfig config = guest(Backing.MEMFD, Workload.UNIFORM, 500_000, 100);
        MigrationRequest.Precopy limits =
                new MigrationRequest.Precopy(20L, SLOW, 5, true, 0.0, OnTimeout.SWITCH, DirtyTracking.LOG);
        FutureTask<RunResult> destination = agents.destination(true);

        RunResult result = migrate(config, Mechanism.STREAM, ChannelKind.UNIX, limits);

        assertThat(result.status()).isEqualTo(MigrationStatus.COMPLETED);
        assertThat(result.verification().status()).isEqualTo(VerificationResult.Status.MATCH);
        List<PrecopyResult.Round> rounds = result.source().precopy().rounds();
        assertThat(rounds)
                .extracting(PrecopyResult.Round::throttlePercent)
                .isSorted()
                .startsWith(0, 20);
        assertThat(rounds.get(0).decision()).isEqualTo("throttle");
        assertThat(TwoAgents.join(destination).owner()).isEqualTo(Owner.DESTINATION);
    }
}
