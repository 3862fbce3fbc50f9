package io.pageflip.scenario;

import io.pageflip.os.Proc;
import java.util.Arrays;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * What an agent is to do to itself, and at which step; one thing or several. {@link #NONE} does nothing. Immutable. The
 * agents strike in {@code agent.AgentContext#reached}, which they call at each step.
 *
 * @param action null for none
 * @param next what the agent is to do besides, at another step; null for nothing
 */
public record ScriptedFault(
        @Nullable Action action, Step step, @Nullable ScriptedFault next) {
    private static final int NOTICE_TRIES = 60_000;
    private static final long NOTICE_NS = 1_000_000;

    /** No fault. */
    public static final ScriptedFault NONE = new ScriptedFault(null, Step.HELLO);

    /** What the agent does to itself. */
    public enum Action {
        /** {@code SIGKILL}. */
        KILL,
        /** {@code SIGTERM}, as somebody would send who wants to end it. */
        TERM,
        /** {@code SIGSTOP}, until somebody continues it. */
        STOP,
        /** Closes its connection to the other agent, and lives on. */
        DROP,
        /** Waits until somebody asks it to end: whoever wants to do that comes in time, however late. */
        WAIT;

        @Override
        public String toString() {
            return name().toLowerCase(java.util.Locale.ROOT);
        }
    }

    /** One thing, or none. */
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
        throw new IllegalArgumentException("kill@, term@, stop@, drop@ or wait@ and one of " + steps);
    }

    /**
     * The agent has come to a step.
     *
     * @param noticed whether the agent knows that it was asked to end: a signal takes its time, and the step must not
     *     be over before
     * @param connection what to close
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
