package io.pageflip.migration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.pageflip.channel.Cancellation;
import io.pageflip.destination.ConnectedSource;
import io.pageflip.destination.DestinationAgent;
import io.pageflip.destination.DestinationOptions;
import io.pageflip.fault.ScriptedFault;
import io.pageflip.guest.Backing;
import io.pageflip.guest.DirtyTracking;
import io.pageflip.guest.GuestConfig;
import io.pageflip.guest.Workload;
import io.pageflip.metrics.MigrationStatus;
import io.pageflip.metrics.PageCounts;
import io.pageflip.metrics.Precopy;
import io.pageflip.metrics.Progress;
import io.pageflip.metrics.RunResult;
import io.pageflip.os.NanoClock;
import io.pageflip.os.UnixSocket;
import io.pageflip.source.ConnectedDestination;
import io.pageflip.source.PrecopyLimits;
import io.pageflip.source.PrecopyLimits.OnTimeout;
import io.pageflip.source.SourceAgent;
import io.pageflip.source.SourceOptions;
import io.pageflip.wire.ChannelKind;
import io.pageflip.wire.Mechanism;
import io.pageflip.wire.Schedule;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A precopy between both agents, on two threads of one process, of a guest that writes meanwhile. */
@Timeout(60)
final class PrecopyIT {
    private static final long MS = 1_000_000;
    private static final int DEADLINE_MS = 20_000;

    /** So much that four rounds at this bandwidth are outrun. */
    private static final long SLOW = 200 << 20;

    @TempDir
    private Path folder;

    private String path;
    private UnixSocket listener;
    private final Cancellation cancellation = new Cancellation();

    @BeforeEach
    void listen() throws IOException {
        path = folder.resolve("pageflip.sock").toString();
        listener = UnixSocket.listen(path);
    }

    @AfterEach
    void close() {
        cancellation.request("the test is over");
        listener.close();
        UnixSocket.unlink(path);
    }

    private static GuestConfig guest(Backing backing, Workload workload, long dirtyRate, int fill) {
        return new GuestConfig(16 << 20, backing, 2, workload, dirtyRate, 10, fill, 7);
    }

    private static <T> FutureTask<T> inBackground(String name, Callable<T> work) {
        FutureTask<T> task = new FutureTask<>(work);
        Thread thread = new Thread(task, name);
        thread.setDaemon(true);
        thread.start();
        return task;
    }

    private FutureTask<RunResult> startDestination() {
        DestinationOptions options = new DestinationOptions(true, true, 0, ScriptedFault.NONE);
        Cancellation never = new Cancellation();
        return inBackground("destination", () -> {
            try (UnixSocket connection = listener.accept(DEADLINE_MS);
                    ConnectedSource link = ConnectedSource.accept(connection, path, NanoClock.SYSTEM, never)) {
                return new DestinationAgent(options, link, false, never, new Progress(), NanoClock.SYSTEM).run();
            }
        });
    }

    private RunResult migrate(
            GuestConfig guest, Mechanism mechanism, ChannelKind channel, PrecopyLimits limits, DirtyTracking tracking)
            throws Exception {
        SourceOptions options = new SourceOptions(
                guest,
                mechanism,
                Schedule.PRECOPY,
                true,
                false,
                channel == ChannelKind.PIPE,
                512,
                true,
                0,
                limits,
                tracking,
                0,
                null,
                ScriptedFault.NONE);
        FutureTask<RunResult> source = inBackground("source", () -> {
            try (ConnectedDestination link =
                    ConnectedDestination.connect(path, channel, NanoClock.SYSTEM, cancellation)) {
                return new SourceAgent(options, link, false, cancellation, new Progress(), NanoClock.SYSTEM).run();
            }
        });
        return source.get(DEADLINE_MS, TimeUnit.MILLISECONDS);
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
        PrecopyLimits limits = new PrecopyLimits(MS, SLOW, 3, false, 0, OnTimeout.SWITCH);
        FutureTask<RunResult> destination = startDestination();

        RunResult result = migrate(config, mechanism, channel, limits, tracking);

        assertThat(result.error()).isNull();
        assertThat(result.status()).isEqualTo(MigrationStatus.COMPLETED);
        assertThat(result.verification().status()).isEqualTo("match");
        assertThat(destination.get(DEADLINE_MS, TimeUnit.MILLISECONDS).owner()).isEqualTo("destination");
        PageCounts pages = result.pages();
        assertThat(pages.addsUp()).isTrue();
        assertThat(pages.moved()).isZero();
        if (mechanism == Mechanism.GIFT) {
            assertThat(pages.copyReasons()).containsOnlyKeys("not-gifted", "kernel-declined", "not-page-sized");
            assertThat(pages.copyReasons().get("not-gifted"))
                    .isGreaterThan(pages.copyReasons().get("kernel-declined"));
        } else {
            assertThat(pages.copyReasons()).containsOnlyKeys("mechanism-copies");
        }
        Precopy precopy = result.precopy();
        assertThat(precopy.dirtyTracking()).isEqualTo(tracking.toString());
        assertThat(precopy.downtimeLimit()).isEqualTo(1);
        assertRounds(precopy.rounds(), "switch");
        assertThat(precopy.rounds().get(0).pagesSent()).isGreaterThan(pages.total() / 2);
    }

    private static void assertRounds(List<Precopy.Round> rounds, String last) {
        for (int i = 0; i < rounds.size(); i++) {
            Precopy.Round round = rounds.get(i);
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
        assumeThat(rounds.stream().mapToLong(Precopy.Round::pagesDirtied).sum())
                .as("pages written in all rounds: 0 if the vCPUs got no processor meanwhile")
                .isPositive();
    }

    @Test
    void aGuestThatOutrunsItStaysIfTheUserWantsThat() throws Exception {
        GuestConfig config = guest(Backing.MEMFD, Workload.UNIFORM, 500_000, 100);
        PrecopyLimits limits = new PrecopyLimits(MS, SLOW, 2, false, 0, OnTimeout.CANCEL);
        FutureTask<RunResult> destination = startDestination();

        RunResult result = migrate(config, Mechanism.STREAM, ChannelKind.UNIX, limits, DirtyTracking.WRITE_PROTECT);

        assertThat(result.status()).isEqualTo(MigrationStatus.CANCELLED);
        assertThat(result.owner()).isEqualTo("source");
        assertThat(result.error().kind()).isEqualTo(RunResult.Failure.NOT_CONVERGED);
        assertThat(result.error().message()).startsWith("the rounds have run out: after round 2 and ");
        assertThat(result.verification().status()).isEqualTo("match");
        assertRounds(result.precopy().rounds(), "cancel");
        assertThat(destination)
                .failsWithin(java.time.Duration.ofMillis(DEADLINE_MS))
                .withThrowableOfType(java.util.concurrent.ExecutionException.class);
    }

    @Test
    void aGuestThatOutrunsItIsThrottled() throws Exception {
        GuestConfig config = guest(Backing.MEMFD, Workload.UNIFORM, 500_000, 100);
        PrecopyLimits limits = new PrecopyLimits(20 * MS, SLOW, 5, true, 0, OnTimeout.SWITCH);
        FutureTask<RunResult> destination = startDestination();

        RunResult result = migrate(config, Mechanism.STREAM, ChannelKind.UNIX, limits, DirtyTracking.LOG);

        assertThat(result.status()).isEqualTo(MigrationStatus.COMPLETED);
        assertThat(result.verification().status()).isEqualTo("match");
        List<Precopy.Round> rounds = result.precopy().rounds();
        assertThat(rounds).extracting(Precopy.Round::throttlePercent).isSorted().startsWith(0, 20);
        assertThat(rounds.get(0).decision()).isEqualTo("throttle");
        assertThat(destination.get(DEADLINE_MS, TimeUnit.MILLISECONDS).owner()).isEqualTo("destination");
    }
}
