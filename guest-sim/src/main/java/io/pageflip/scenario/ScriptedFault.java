package io.pageflip.scenario;

import io.pageflip.os.Proc;
import java.util.Arrays;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * What an agent is to do to itself, and at which step. {@link #NONE} does nothing. Immutable.
 *
 * @param action null for none
 */
public record ScriptedFault(@Nullable Action action, Step step) {
    private static final int NOTICE_TRIES = 5000;
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
        DROP;

        @Override
        public String toString() {
            return name().toLowerCase(java.util.Locale.ROOT);
        }
    }

    /**
     * Reads {@code kill@half-pages}.
     *
     * @throws IllegalArgumentException with a sentence that says what would be right
     */
    public static ScriptedFault parse(String text) {
        for (Action action : Action.values()) {
            for (Step step : Step.values()) {
                if (text.equals(action + "@" + step)) {
                    return new ScriptedFault(action, step);
                }
            }
        }
        String steps = Arrays.stream(Step.values()).map(Step::toString).collect(Collectors.joining(", "));
        throw new IllegalArgumentException("kill@, term@, stop@ or drop@ and one of " + steps);
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
            }
        }
    }

    @Override
    public String toString() {
        return action == null ? "none" : action + "@" + step;
    }
}
