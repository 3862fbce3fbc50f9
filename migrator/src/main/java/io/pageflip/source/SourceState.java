package io.pageflip.source;

import io.pageflip.agent.AgentState;
import java.util.EnumSet;
import java.util.Set;

/** The states of the source agent. Every change goes through {@link io.pageflip.agent.AgentContext#transition}. */
enum SourceState implements AgentState<SourceState> {
    /** Makes the guest. */
    STARTING,
    /** The guest runs here; both sides get ready. */
    SETUP,
    /**
     * Both sides are ready: the pages that are left cross, and the guest is paused, at once or after the rounds of a
     * precopy.
     */
    ACTIVE,
    /** The guest's state crosses. */
    DEVICE,
    /** The lock is released: the agent that takes it has the guest. */
    RELEASED,
    /** The destination has the guest. */
    COMPLETED,
    /** The guest runs here again, or still. */
    FAILED,
    /** The guest is lost: neither agent has it. */
    LOST;

    @Override
    public Set<SourceState> next() {
        return switch (this) {
            case STARTING -> EnumSet.of(SETUP, FAILED);
            case SETUP -> EnumSet.of(ACTIVE, FAILED);
            case ACTIVE -> EnumSet.of(DEVICE, FAILED, LOST);
            case DEVICE -> EnumSet.of(RELEASED, FAILED, LOST);
            case RELEASED -> EnumSet.of(COMPLETED, FAILED, LOST);
            case COMPLETED -> EnumSet.of(LOST);
            case FAILED, LOST -> EnumSet.noneOf(SourceState.class);
        };
    }
}
