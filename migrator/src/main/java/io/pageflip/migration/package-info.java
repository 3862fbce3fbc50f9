/**
 * Both agents, as two processes: started, watched, and their two views of one migration made one result. Wiring only.
 *
 * <p>An agent's process is started with a command that the caller passes in, and what it is (an {@code AgentTask}). The
 * first line of its standard input is the request, as {@link io.pageflip.request.RequestDocument} writes it. It writes
 * {@link io.pageflip.migration.AgentEvent}s to its standard output, a line of JSON each, and gives up when its standard
 * input ends, so that no agent outlives whoever started it. {@link io.pageflip.migration.SupervisedAgent} is that
 * process's side. An agent that a person started by hand uses {@link io.pageflip.migration.Agents} directly.
 */
@NullMarked
package io.pageflip.migration;

import org.jspecify.annotations.NullMarked;
