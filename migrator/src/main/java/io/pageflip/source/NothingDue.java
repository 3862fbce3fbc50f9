package io.pageflip.source;

import io.pageflip.agent.AgentContext;
import io.pageflip.os.WaitGuard;
import io.pageflip.scenario.Step;
import io.pageflip.switchover.OutgoingSwitchover;
import io.pageflip.warmup.ScratchSource;
import java.io.IOException;

/**
 * The moments of a switchover in which no page crosses while the guest is paused. Called on the thread that does the
 * switchover; allocates nothing.
 */
final class NothingDue implements OutgoingSwitchover.Moments {
    private final EndMessages ends;
    private final AgentContext<SourceState> context;
    private final WaitGuard link;

    NothingDue(EndMessages ends, AgentContext<SourceState> context, WaitGuard link) {
        this.ends = ends;
        this.context = context;
        this.link = link;
    }

    @Override
    public void dryRun() {
        // No page crosses: there is nothing to try.
    }

    @Override
    public int paused() {
        return ends.sent();
    }

    @Override
    public void saved() throws IOException {
        saved(context, link);
    }

    /**
     * Called when the state is saved: the last moment at which the switchover can be called off. All schedules do this.
     */
    static void saved(AgentContext<SourceState> context, WaitGuard link) throws IOException {
        context.reached(Step.STATE);
        link.check();
    }

    /** Such moments for a scratch guest, for the warm-up: they do what all schedules do while the guest is paused. */
    static ScratchSource scratch(OutgoingMigration migration) {
        return (guest, stream) -> new NothingDue(
                new EndMessages(stream),
                AgentContext.scratch("source", SourceState.STARTING, migration.clock()),
                migration.lastCheck());
    }
}
