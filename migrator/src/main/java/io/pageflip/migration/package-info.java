/**
 * Runs both agents as two processes: starts them, watches them, and merges their two reports of one migration into one
 * result. Wiring only.
 *
 * <p>An agent's process is started with a command that the caller passes in, and its task (an {@code AgentTask}). The
 * first line of its standard input is the request, as {@link io.pageflip.request.RequestDocument} writes it. It writes
 * {@link io.pageflip.migration.AgentEvent}s to its standard output, a line of JSON each, and gives up when its standard
 * input ends, so that no agent outlives the process that started it. {@link io.pageflip.migration.SupervisedAgent} is
 * the code in the agent's process. An agent that a person started by hand uses {@link io.pageflip.migration.Agents}
 * directly.
 */
@NullMarked
package io.pageflip.migration;

import org.jspecify.annotations.NullMarked;
