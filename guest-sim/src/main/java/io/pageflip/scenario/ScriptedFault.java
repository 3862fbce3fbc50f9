package io.pageflip.scenario;

import io.pageflip.os.Proc;
import java.util.Arrays;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * A fault that an agent causes in itself at a step; or several faults. {@link #NONE} does nothing. Immutable. The
 * agents cause it in {@code agent.AgentContext#reached}, which they call at each step.
 *
 * @param action null for none
 * @param next the next fault, at another step; null for none
 */
public record ScriptedFault(
        @Nullable Action action, Step step, @Nullable ScriptedFault next) {
    private static final int NOTICE_TRIES = 60_000;
    private static final long NOTICE_NS = 1_000_000;

    /** No fault. */
    public static final ScriptedFault NONE = new ScriptedFault(null, Step.HELLO);

    /** The kinds of fault. */
    public enum Action {
        /** {@code SIGKILL}. */
        KILL,
        /** {@code SIGTERM}, as a user sends it to end the agent. */
        TERM,
        /** {@code SIGSTOP}, until somebody continues it. */
        STOP,
        /** Closes its connection to the other agent, and keeps running. */
        DROP,
        /** Waits until somebody asks it to end, so that such a request comes in time, however late it is. */
        WAIT,
        /** Throws an {@link Error}, which no code foresees, on the thread that has come to the step. */
        ERROR;

        @Override
        public String toString() {
            return name().toLowerCase(java.util.Locale.ROOT);
        }
    }

    /** One fault, or none. */
    public ScriptedFault(@Nullable Action action, Step step) {
        this(action, step, null);
    }

    /**
     * Reads {@code kill@half-pages}, or several, as in {@code drop@half-pages,kill@paused}.
     *
     * @throws IllegalArgumentException with a sentence that says what would be right
     */
    public static ScriptedFault parse(String text) {
        int comma = text.indexOf(',');
        if (comma < 0) {
            return parseOne(text);
        }
        ScriptedFault first = parseOne(text.substring(0, comma));
        return new ScriptedFault(first.action, first.step, parse(text.substring(comma + 1)));
    }

    private static ScriptedFault parseOne(String text) {
        for (Action action : Action.values()) {
            for (Step step : Step.values()) {
                if (text.equals(action + "@" + step)) {
                    return new ScriptedFault(action, step);
                }
            }
        }
        String steps = Arrays.stream(Step.values()).map(Step::toString).collect(Collectors.joining(", "));
        throw new IllegalArgumentException("kill@, term@, stop@, drop@, wait@ or error@ and one of " + steps);
    }

    /**
     * Called when the agent has come to a step; causes the faults of that step.
     *
     * @param noticed whether the agent knows that it was asked to end: a signal takes its time, and the step must not
     *     be over before
     * @param connection closes the connection to the other agent
     */
    public void at(Step reached, BooleanSupplier noticed, Runnable connection) {
        if (action != null && step == reached) {
            switch (action) {
                case KILL -> Proc.killSelf();
                case TERM -> {
                    Proc.terminateSelf();
                    for (int i = 0; i < NOTICE_TRIES && !noticed.getAsBoolean(); i++) {
                        LockSupport.parkNanos(NOTICE_NS);
                    }
                }
                case STOP -> Proc.stopSelf();
                case DROP -> connection.run();
                case WAIT -> {
                    while (!noticed.getAsBoolean()) {
                        LockSupport.parkNanos(NOTICE_NS);
                    }
                }
                case ERROR -> throw new InternalError("a scripted fault at " + step);
            }
        }
        if (next != null) {
            next.at(reached, noticed, connection);
        }
    }

    @Override
    public String toString() {
        String first = action == null ? "none" : action + "@" + step;
        return next == null ? first : first + "," + next;
    }
}
