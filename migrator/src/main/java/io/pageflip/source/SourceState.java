package io.pageflip.source;

import io.pageflip.agent.AgentState;
import java.util.EnumSet;
import java.util.Set;

/** Where the source agent is. Every change goes through {@link io.pageflip.agent.AgentContext#transition}. */
enum SourceState implements AgentState<SourceState> {
    /** Makes the guest. */
    STARTING,
    /** The guest runs here; both sides get ready. */
    SETUP,
    /** The guest is paused; its pages go. */
    ACTIVE,
    /** Its state goes. */
    DEVICE,
    /** The lock is released; whoever takes the guest now has it. */
    RELEASED,
    /** The destination has it. */
    COMPLETED,
    /** It runs here again, or still. */
    FAILED,
    /** Nobody has it. */
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
