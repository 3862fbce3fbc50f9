package io.pageflip.migration;

import static org.assertj.core.api.Assertions.assertThat;

import io.pageflip.guest.GuestConfig;
import io.pageflip.guest.Workload;
import io.pageflip.metrics.MigrationStatus;
import io.pageflip.metrics.Owner;
import io.pageflip.metrics.RunResult;
import io.pageflip.metrics.VerificationResult;
import io.pageflip.ram.Backing;
import io.pageflip.request.Mechanism;
import io.pageflip.request.RequestBuilder;
import io.pageflip.request.Schedule;
import io.pageflip.request.WarmUpLength;
import io.pageflip.scenario.ScriptedFault;
import java.io.IOException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * An agent fails in a way that nobody foresaw: an {@link Error} is thrown at each step, on the thread that has come to
 * it (the agent's, a vCPU's, the background mover's). One agent has the guest then, or both say that it is lost.
 */
final class FailingAgentIT {
    @RegisterExtension
    final TwoAgents agents = new TwoAgents();

    /** What became of both; the message of a failure in place of the result where there is none. */
    private record Outcome(
            @Nullable RunResult source, @Nullable RunResult destination, String failures) {}

    private RequestBuilder request(Schedule schedule, Mechanism mechanism) {
        return new RequestBuilder()
                .guest(new GuestConfig(1 << 20, Backing.MEMFD, 2, Workload.HOTSET, 2000, 10, 80, 7))
                .schedule(schedule)
                .mechanism(mechanism)
                .warmUp(WarmUpLength.BRIEF)
                .runAfterS(0.02);
    }

    private Outcome migrate(Schedule schedule, Mechanism mechanism, String sourceFault, String destinationFault)
            throws Exception {
        FutureTask<RunResult> destination = agents.destination(request(schedule, mechanism)
                .destinationFault(fault(destinationFault))
                .build());
        FutureTask<RunResult> source = agents.source(
                request(schedule, mechanism).sourceFault(fault(sourceFault)).build());
        StringBuilder failures = new StringBuilder();
        RunResult ours = result(source, failures);
        return new Outcome(ours, result(destination, failures), failures.toString());
    }

    private static ScriptedFault fault(String text) {
        return text.equals("none") ? ScriptedFault.NONE : ScriptedFault.parse(text);
    }

    private static @Nullable RunResult result(FutureTask<RunResult> agent, StringBuilder failures) throws Exception {
        try {
            return TwoAgents.join(agent);
        } catch (ExecutionException e) {
            assertThat(e.getCause()).isInstanceOfAny(IOException.class, InternalError.class);
            failures.append(e.getCause().getMessage()).append('\n');
            return null;
        }
    }

    private static void assertIntactAt(Owner owner, MigrationStatus status, @Nullable RunResult result) {
        assertThat(result).isNotNull();
        assertThat(result.owner()).as("%s", result.error()).isEqualTo(owner);
        assertThat(result.status()).isEqualTo(status);
        assertThat(result.verification().status()).isEqualTo(VerificationResult.Status.MATCH);
    }

    @ParameterizedTest
    @CsvSource({
        "HANDOVER,      FLIP,   error@ready,      none",
        "HANDOVER,      FLIP,   error@state,      none",
        "STOP_AND_MOVE, FLIP,   error@half-pages, none",
        "STOP_AND_MOVE, STREAM, error@state,      none",
        "POSTCOPY,      PULL,   error@state,      none",
        "PRECOPY,       STREAM, error@round,      none",
        "HANDOVER,      FLIP,   none,             error@hello",
        "HANDOVER,      FLIP,   none,             error@state",
        "HANDOVER,      FLIP,   none,             error@released",
        "HANDOVER,      FLIP,   none,             error@locked",
        "STOP_AND_MOVE, FLIP,   none,             error@half-pages",
        "STOP_AND_MOVE, STREAM, none,             error@locked",
        "POSTCOPY,      FLIP,   none,             error@half-pages",
        "PRECOPY,       STREAM, none,             error@round",
    })
    void theGuestGoesOnAtTheSource(Schedule schedule, Mechanism mechanism, String atSource, String atDestination)
            throws Exception {
        Outcome outcome = migrate(schedule, mechanism, atSource, atDestination);
        assertIntactAt(Owner.SOURCE, MigrationStatus.FAILED, outcome.source());
        assertThat(outcome.source().error().message()).containsAnyOf("a scripted fault", "has closed");
        assertThat(outcome.destination()).isNull();
    }

    @ParameterizedTest
    @CsvSource({
        "HANDOVER,      FLIP,   error@resumed",
        "STOP_AND_MOVE, FLIP,   error@resumed",
        "POSTCOPY,      PULL,   error@last-page",
    })
    void theGuestIsTheDestinationsWhateverFailsAtTheSource(Schedule schedule, Mechanism mechanism, String atSource)
            throws Exception {
        Outcome outcome = migrate(schedule, mechanism, atSource, "none");
        assertIntactAt(Owner.DESTINATION, MigrationStatus.COMPLETED, outcome.destination());
        assertThat(outcome.source().status()).isEqualTo(MigrationStatus.COMPLETED);
        assertThat(outcome.source().owner()).isEqualTo(Owner.DESTINATION);
    }

    /** The source looks at once whether it can have the guest back, and the destination wants it. */
    @ParameterizedTest
    @CsvSource({"HANDOVER, FLIP", "STOP_AND_MOVE, STREAM", "POSTCOPY, PULL"})
    void oneHasTheGuestIfTheSourceFailsWhenItHasReleasedIt(Schedule schedule, Mechanism mechanism) throws Exception {
        Outcome outcome = migrate(schedule, mechanism, "error@released", "none");
        if (outcome.destination() == null) {
            assertIntactAt(Owner.SOURCE, MigrationStatus.FAILED, outcome.source());
        } else {
            assertIntactAt(Owner.DESTINATION, MigrationStatus.COMPLETED, outcome.destination());
            assertThat(outcome.source().owner()).isEqualTo(Owner.DESTINATION);
        }
    }

    /** The destination owned it, or the source had pages of it. */
    @ParameterizedTest
    @CsvSource({
        "HANDOVER,      FLIP,   none, error@claimed",
        "HANDOVER,      FLIP,   none, error@resumed",
        "POSTCOPY,      PULL,   none, error@claimed",
        "POSTCOPY,      PULL,   none, error@half-pages",
        "POSTCOPY,      PULL,   none, 'drop@half-pages,error@paused'",
        "POSTCOPY,      PULL,   none, 'drop@half-pages,error@recover'",
    })
    void bothSayThatTheGuestIsLost(Schedule schedule, Mechanism mechanism, String atSource, String atDestination)
            throws Exception {
        Outcome outcome = migrate(schedule, mechanism, atSource, atDestination);
        assertThat(outcome.failures()).isEmpty();
        assertThat(outcome.source().status()).as("%s", outcome).isEqualTo(MigrationStatus.LOST);
        assertThat(outcome.destination().status()).as("%s", outcome).isEqualTo(MigrationStatus.LOST);
    }

    @ParameterizedTest
    @CsvSource({"error@hello", "error@filling"})
    void thereWasNoGuestYet(String atSource) throws Exception {
        Outcome outcome = migrate(Schedule.HANDOVER, Mechanism.FLIP, atSource, "none");
        assertThat(outcome.source()).isNull();
        assertThat(outcome.destination()).isNull();
        assertThat(outcome.failures()).contains("a scripted fault");
    }
}
