package io.pageflip.source;

import io.pageflip.agent.AgentContext;
import io.pageflip.channel.StreamWriter;
import io.pageflip.os.WaitGuard;
import io.pageflip.scenario.Step;
import io.pageflip.switchover.OutgoingSwitchover;
import java.io.IOException;

/**
 * The moments of a switchover in which no page is due while the guest is paused. Called on the thread that switches
 * over; allocates nothing.
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
        // There is nothing to look at.
    }

    @Override
    public int paused() {
        return ends.sent();
    }

    @Override
    public void saved() throws IOException {
        saved(context, link);
    }

    /** The state is saved: the last moment at which the guest may stay here. The same with every schedule. */
    static void saved(AgentContext<SourceState> context, WaitGuard link) throws IOException {
        context.reached(Step.STATE);
        link.check();
    }

    /** The same for a scratch guest: what every schedule does while the guest is paused. */
    static OutgoingSwitchover.Moments scratch(StreamWriter stream, OutgoingMigration migration) {
        AgentContext<SourceState> scratch = AgentContext.scratch("source", SourceState.STARTING, migration.clock());
        return new NothingDue(new EndMessages(stream), scratch, migration.link());
    }
}
