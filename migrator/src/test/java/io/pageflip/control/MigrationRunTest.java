package io.pageflip.control;

import static io.pageflip.metrics.Progress.Phase.CONNECTING;
import static io.pageflip.metrics.Progress.Phase.PAGES;
import static io.pageflip.metrics.Progress.Phase.PREPARING;
import static io.pageflip.metrics.Progress.Phase.PRE_SWITCHOVER;
import static io.pageflip.metrics.Progress.Phase.RUNNING;
import static io.pageflip.metrics.Progress.Phase.STARTING;
import static io.pageflip.metrics.Progress.Phase.SWITCHING;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.pageflip.agent.MigrationControl;
import io.pageflip.channel.Cancellation;
import io.pageflip.metrics.Failure;
import io.pageflip.metrics.MigrationStatus;
import io.pageflip.metrics.Owner;
import io.pageflip.metrics.Progress;
import io.pageflip.metrics.RunResult;
import io.pageflip.migration.AgentRole;
import io.pageflip.request.RequestBuilder;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Statuses and events, as docs/qmp.md has them, up to the switchover and at the end. */
final class MigrationRunTest {
    private static final long START_NS = 1_000;

    private final MigrationControl control = new MigrationControl(new Cancellation());
    private final List<String> told = new ArrayList<>();
    private long nowNs = START_NS;

    private MigrationRun run(AgentRole role) {
        return new MigrationRun(role, new RequestBuilder().build(), control, START_NS);
    }

    /** Phases of an agent, one after the other, 10 ns apart. */
    private void go(MigrationRun run, Progress.Phase... phases) {
        for (Progress.Phase phase : phases) {
            nowNs += 10;
            run.phaseBegins(phase, nowNs, this::tell);
        }
    }

    private void tell(long ns, String name, JsonNode data) {
        told.add(data.path("status").asText(name) + "@" + (ns - START_NS));
    }

    private void end(MigrationRun run, MigrationStatus status, Owner owner) {
        nowNs += 10;
        run.ended(
                RunResult.ended(status, owner, null, new Failure(Failure.Kind.MIGRATION_FAILED, "why")),
                nowNs,
                this::tell);
    }

    @Test
    void aNewOneIsInItsSetupAndHasToldNothing() {
        MigrationRun run = run(AgentRole.SOURCE);

        assertThat(run.status()).isEqualTo("setup");
        assertThat(run.runState()).isEqualTo("running");
        assertThat(run.hasEnded()).isFalse();
        assertThat(run.setupNs()).isZero();
        assertThat(run.result()).isNull();
        assertThat(run.error()).isNull();
        assertThat(run(AgentRole.DESTINATION).runState()).isEqualTo("inmigrate");
    }

    @Test
    void aSourceIsActiveWhenPagesCross() {
        MigrationRun run = run(AgentRole.SOURCE);

        go(run, STARTING, CONNECTING, PREPARING, PAGES, PAGES, PREPARING);

        assertThat(told).containsExactly("setup@10", "active@40");
        assertThat(run.setupNs()).isEqualTo(40);
        assertThat(run.durationNs(nowNs)).isEqualTo(60);
        assertThat(run.runState()).isEqualTo("running");
    }

    @Test
    void aDestinationIsActiveWhenItsSourceHasGreetedIt() {
        MigrationRun run = run(AgentRole.DESTINATION);

        go(run, CONNECTING, PREPARING, PAGES);

        assertThat(told).containsExactly("setup@10", "active@20");
        assertThat(run.setupNs()).isEqualTo(20);
        assertThat(run.runState()).isEqualTo("inmigrate");
    }

    @Test
    void nothingIsToldWhenTheGuestIsAboutToBePaused() {
        MigrationRun run = run(AgentRole.SOURCE);
        go(run, CONNECTING, PAGES);
        told.clear();

        go(run, SWITCHING);

        assertThat(told).isEmpty();
    }

    @Test
    void theWaitBeforeTheSwitchoverIsToldWithThePause() {
        MigrationRun run = run(AgentRole.SOURCE);

        go(run, CONNECTING, PAGES, PRE_SWITCHOVER);

        assertThat(told).containsExactly("setup@10", "active@20", "STOP@30", "pre-switchover@30");
        assertThat(run.status()).isEqualTo("pre-switchover");
        assertThat(run.runState()).isEqualTo("finish-migrate");
    }

    @ParameterizedTest
    @EnumSource(
            value = MigrationStatus.class,
            names = {"FAILED", "CANCELLED"})
    void aGuestThatLivesOnIsSeenToRunAgain(MigrationStatus status) {
        MigrationRun run = run(AgentRole.SOURCE);
        go(run, CONNECTING, PAGES, PRE_SWITCHOVER);
        told.clear();

        end(run, status, Owner.SOURCE);

        assertThat(told).containsExactly("RESUME@40", status + "@40");
        assertThat(run.hasEnded()).isTrue();
        assertThat(run.error()).isEqualTo("why");
        assertThat(run.durationNs(nowNs + 1_000)).as("stands still").isEqualTo(40);
    }

    @Test
    void aGuestThatWasNotPausedIsNotSaidToRunAgain() {
        MigrationRun run = run(AgentRole.SOURCE);
        go(run, CONNECTING, PAGES);

        end(run, MigrationStatus.FAILED, Owner.SOURCE);

        assertThat(told).containsExactly("setup@10", "active@20", "failed@30");
    }

    @Test
    void aGuestThatIsLostDoesNotRunAgain() {
        MigrationRun run = run(AgentRole.SOURCE);
        go(run, CONNECTING, PAGES, PRE_SWITCHOVER);
        told.clear();

        run.ended(RunResult.lost("gone"), nowNs, this::tell);

        assertThat(told).containsExactly("failed@30");
        assertThat(run.error()).isEqualTo("gone");
    }

    @Test
    void whoHasCancelledOnlyWaitsForTheEnd() {
        MigrationRun run = run(AgentRole.SOURCE);
        go(run, CONNECTING);

        run.cancel("enough", nowNs, this::tell);
        run.cancel("enough, again", nowNs, this::tell);
        go(run, PAGES);

        assertThat(control.cancellation().isRequested()).isTrue();
        assertThat(run.status()).isEqualTo("cancelling");
        end(run, MigrationStatus.CANCELLED, Owner.SOURCE);
        assertThat(told).containsExactly("setup@10", "cancelling@10", "cancelled@30");
    }

    @Test
    void whatHasEndedIsNotCancelled() {
        MigrationRun run = run(AgentRole.DESTINATION);
        go(run, CONNECTING);
        end(run, MigrationStatus.FAILED, Owner.UNKNOWN);
        told.clear();

        run.cancel("too late", nowNs, this::tell);

        assertThat(told).isEmpty();
        assertThat(run.status()).isEqualTo("failed");
        assertThat(control.cancellation().isRequested()).isFalse();
    }

    @Test
    void onceTheDestinationHasTheGuestACancelComesTooLateAtTheSource() {
        MigrationRun run = run(AgentRole.SOURCE);
        go(run, CONNECTING, PAGES, SWITCHING);
        control.setGuestPausedNs(START_NS + 27);
        go(run, RUNNING);

        run.cancel("too late", nowNs, this::tell);

        assertThat(run.status()).isEqualTo("device");
        assertThat(run.runState()).isEqualTo("finish-migrate");
        assertThat(control.cancellation().isRequested()).isFalse();
        assertThat(told).containsExactly("setup@10", "active@20", "STOP@27", "device@40");
    }

    @Test
    void onceTheGuestRunsACancelComesTooLateAtTheDestination() {
        MigrationRun run = run(AgentRole.DESTINATION);
        go(run, CONNECTING, PAGES, SWITCHING, RUNNING, RUNNING);

        run.cancel("too late", nowNs, this::tell);

        assertThat(run.status()).isEqualTo("active");
        assertThat(run.runState()).isEqualTo("running");
        assertThat(control.cancellation().isRequested()).isFalse();
        assertThat(told).filteredOn(event -> event.startsWith("RESUME")).hasSize(1);
    }

    @Test
    void aGuestThatGoesOnAtTheSourceIsToldOnce() {
        MigrationRun run = run(AgentRole.SOURCE);
        go(run, CONNECTING, PAGES, PRE_SWITCHOVER, RUNNING);
        assertThat(run.runState()).isEqualTo("running");
        end(run, MigrationStatus.FAILED, Owner.SOURCE);
        assertThat(told).filteredOn(event -> event.startsWith("RESUME")).hasSize(1);
    }

    @Test
    void anErrorWithoutAResultEndsItToo() {
        MigrationRun run = run(AgentRole.SOURCE);
        go(run, CONNECTING);

        run.failed("nobody listens", nowNs + 5, this::tell);

        assertThat(told).containsExactly("setup@10", "failed@15");
        assertThat(run.error()).isEqualTo("nobody listens");
        assertThat(run.result()).isNull();
    }

    @Test
    void anErrorAfterARequestToCancelIsACancel() {
        MigrationRun run = run(AgentRole.SOURCE);
        go(run, CONNECTING);
        run.cancel("enough", nowNs, this::tell);

        run.failed("cancelled", nowNs, this::tell);

        assertThat(told).endsWith("cancelling@10", "cancelled@10");
    }
}
