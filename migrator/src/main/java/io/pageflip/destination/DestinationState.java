package io.pageflip.destination;

import io.pageflip.agent.AgentState;
import java.util.EnumSet;
import java.util.Set;

/** The states of the destination agent. Every change goes through {@link io.pageflip.agent.AgentContext#transition}. */
enum DestinationState implements AgentState<DestinationState> {
    /** Maps, registers, makes room. */
    SETUP,
    /** Everything that was announced is done; pages come. */
    ACTIVE,
    /** Every page is here and accounted for; waits for the state and the lock. */
    DEVICE,
    /** The epoch is stored: the guest is ours. */
    COMPLETED,
    /** The guest is not ours. */
    FAILED,
    /** The guest was ours, and is lost: the source died or was out of reach, with pages of it. */
    LOST;

    @Override
    public Set<DestinationState> next() {
        return switch (this) {
            case SETUP -> EnumSet.of(ACTIVE, FAILED);
            case ACTIVE -> EnumSet.of(DEVICE, FAILED);
            case DEVICE -> EnumSet.of(COMPLETED, FAILED, LOST);
            case COMPLETED -> EnumSet.of(LOST);
            case FAILED, LOST -> EnumSet.noneOf(DestinationState.class);
        };
    }
}
