package io.pageflip.migration;

import java.util.List;

/** Makes the command line of an agent's process, which calls {@link SupervisedAgent#run}. */
@FunctionalInterface
public interface AgentLauncher {
    /**
     * The command line, to which the agent's arguments are added.
     *
     * @param role the agent's first one
     * @param accountsBytes of the heap that the agent needs for its accounts of the guest's pages
     */
    List<String> command(AgentRole role, long accountsBytes);
}
