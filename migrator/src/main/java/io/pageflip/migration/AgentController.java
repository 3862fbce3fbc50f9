package io.pageflip.migration;

import io.pageflip.agent.MigrationControl;
import io.pageflip.channel.Cancellation;
import io.pageflip.metrics.Progress;
import io.pageflip.metrics.RunResult;
import io.pageflip.request.MigrationRequest;
import java.io.IOException;

/** Runs the migration of an agent that another process started, so that others can watch and control it meanwhile. */
@FunctionalInterface
public interface AgentController {
    /** Nobody watches. */
    AgentController NONE =
            (role, request, cancellation, progress, work) -> work.run(new MigrationControl(cancellation));

    /** The migration. */
    @FunctionalInterface
    interface Work {
        RunResult run(MigrationControl control) throws IOException;
    }

    /**
     * Runs it, on the calling thread.
     *
     * @param cancellation which the control that {@code work} gets must have
     */
    RunResult run(AgentRole role, MigrationRequest request, Cancellation cancellation, Progress progress, Work work)
            throws IOException;
}
