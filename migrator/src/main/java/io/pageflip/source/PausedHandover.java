package io.pageflip.source;

import io.pageflip.agent.AgentContext;
import io.pageflip.os.WaitGuard;
import io.pageflip.scenario.Step;
import io.pageflip.send.SendPlan;
import io.pageflip.switchover.OutgoingSwitchover;
import java.io.IOException;
import java.util.List;

/**
 * What a schedule that has told of all pages does while the guest is paused: it sends those again that the guest has
 * written since they were copied, of which there are none as a rule. On the thread of a vCPU.
 */
final class PausedHandover implements OutgoingSwitchover.Moments {
    private final EarlyCopies copies;
    private final SendPlan plan;
    private final EndMessages ends;
    private final List<Long> holes;
    private final AgentContext<SourceState> context;
    private final WaitGuard link;

    PausedHandover(
            EarlyCopies copies,
            SendPlan plan,
            EndMessages ends,
            List<Long> holes,
            AgentContext<SourceState> context,
            WaitGuard link) {
        this.copies = copies;
        this.plan = plan;
        this.ends = ends;
        this.holes = holes;
        this.context = context;
        this.link = link;
    }

    @Override
    public void dryRun() throws IOException {
        copies.isEmpty();
    }

    @Override
    public int paused() throws IOException {
        if (copies.resend(plan)) {
            ends.send(holes);
        }
        return ends.sent();
    }

    @Override
    public void saved() throws IOException {
        context.reached(Step.STATE);
        link.check();
    }
}
