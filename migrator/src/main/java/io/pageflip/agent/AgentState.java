package io.pageflip.agent;

import java.util.Set;

/**
 * Where an agent is. Implemented by one enum a side.
 *
 * @param <S> that enum
 */
public interface AgentState<S extends Enum<S>> {
    /** The states that may follow; none after the end. */
    Set<S> next();
}
