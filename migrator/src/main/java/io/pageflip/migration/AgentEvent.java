package io.pageflip.migration;

import com.fasterxml.jackson.annotation.JsonInclude;
import io.pageflip.metrics.Progress;
import io.pageflip.metrics.RunResult;
import org.jspecify.annotations.Nullable;

/**
 * An event that a supervised agent reports: one line of JSON.
 *
 * @param phase only with {@link Kind#PROGRESS}
 * @param done pages done in this phase
 * @param total pages to be done in it; 0 if it handles none
 * @param result only with {@link Kind#RESULT}
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record AgentEvent(
        Kind event,
        Progress.@Nullable Phase phase,
        @Nullable Long done,
        @Nullable Long total,
        @Nullable RunResult result) {
    /** The kinds of event. */
    public enum Kind {
        /** The destination waits for a source. */
        LISTENING,
        /** The source's guest is about to run: if the agent dies from now on, it takes the guest with it. */
        GUEST,
        /** How far the agent has come. */
        PROGRESS,
        /** The agent is done; its last event. */
        RESULT
    }

    public static AgentEvent listening() {
        return new AgentEvent(Kind.LISTENING, null, null, null, null);
    }

    public static AgentEvent guest() {
        return new AgentEvent(Kind.GUEST, null, null, null, null);
    }

    public static AgentEvent progress(Progress progress) {
        return new AgentEvent(Kind.PROGRESS, progress.phase(), progress.donePages(), progress.totalPages(), null);
    }

    public static AgentEvent result(RunResult result) {
        return new AgentEvent(Kind.RESULT, null, null, null, result);
    }
}
