package io.pageflip.agent;

import java.util.Set;

/**
 * A state of an agent. Each side has one enum of states.
 *
 * @param <S> the enum
 */
public interface AgentState<S extends Enum<S>> {
    /** The states that may follow; none after the end. */
    Set<S> next();
}
