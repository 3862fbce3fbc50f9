package io.pageflip.agent;

import io.pageflip.channel.Cancellation;
import io.pageflip.log.EventLog;
import io.pageflip.metrics.Progress;
import io.pageflip.os.NanoClock;
import io.pageflip.scenario.ScriptedFault;
import io.pageflip.scenario.Step;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The parts of an agent that every side and schedule has through a whole migration: its state, the steps at which a
 * scripted fault may strike, the cancellation, the progress shown to a person, and the clock.
 *
 * <p>The agent's thread makes transitions. {@link #reached} may also be called by a vCPU's thread, in the downtime: it
 * allocates nothing.
 *
 * @param <S> the states of this side
 */
public final class AgentContext<S extends Enum<S> & AgentState<S>> {
    private final EventLog log;
    private final String side;
    private final ScriptedFault fault;
    private final MigrationControl control;
    private final BooleanSupplier cancelled;
    private final Runnable drop;
    private final Progress progress;
    private final NanoClock clock;
    private @Nullable Consumer<Step> observer;
    private S state;

    /**
     * A context in its first state.
     *
     * @param side {@code source} or {@code destination}, for messages and the log
     * @param drop breaks the connection to the peer, for a scripted fault; any thread may call it
     */
    public AgentContext(
            String side,
            S first,
            ScriptedFault fault,
            Runnable drop,
            MigrationControl control,
            Progress progress,
            NanoClock clock) {
        this(side, first, fault, drop, control, progress, clock, EventLog.of(side));
    }

    private AgentContext(
            String side,
            S first,
            ScriptedFault fault,
            Runnable drop,
            MigrationControl control,
            Progress progress,
            NanoClock clock,
            EventLog log) {
        this.log = log;
        this.side = side;
        this.state = first;
        this.fault = fault;
        this.drop = drop;
        this.control = control;
        this.cancelled = control.cancellation()::isRequested;
        this.progress = progress;
        this.clock = clock;
    }

    /**
     * A context in its first state for the warm-up of code that uses contexts. No fault strikes it, nobody cancels it,
     * and its events are not logged.
     */
    public static <S extends Enum<S> & AgentState<S>> AgentContext<S> scratch(String side, S first, NanoClock clock) {
        return new AgentContext<>(
                side,
                first,
                ScriptedFault.NONE,
                () -> {},
                new MigrationControl(new Cancellation()),
                new Progress(),
                clock,
                EventLog.NONE);
    }

    /**
     * Goes to the next state.
     *
     * @throws IllegalStateException if that state may not follow
     */
    public void transition(S next, String reason) {
        if (!state.next().contains(next)) {
            throw new IllegalStateException(side + ": " + state + " -> " + next + " (" + reason + ")");
        }
        if (log.isOn()) {
            log.event("state", new Transition(state, next, reason));
        }
        state = next;
    }

    /** The log of this side, for {@code --verbose}. */
    public EventLog log() {
        return log;
    }

    public S state() {
        return state;
    }

    /** Calls {@code told} at each step, before a scripted fault strikes; for tests. */
    public AgentContext<S> observedBy(Consumer<Step> told) {
        observer = told;
        return this;
    }

    /** The agent has come to a step of the protocol: a scripted fault for this step strikes now. */
    public void reached(Step step) {
        if (observer != null) {
            observer.accept(step);
        }
        fault.at(step, cancelled, drop);
    }

    public Cancellation cancellation() {
        return control.cancellation();
    }

    /** What may be asked of the migration meanwhile. */
    public MigrationControl control() {
        return control;
    }

    public Progress progress() {
        return progress;
    }

    public NanoClock clock() {
        return clock;
    }

    /** A change of state, as the log shows it. */
    private record Transition(Object from, Object to, String reason) {
        @Override
        public String toString() {
            return from + " -> " + to + ": " + reason;
        }
    }
}
