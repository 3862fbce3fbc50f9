/**
 * Both agents, as two processes: started, watched, and their two views of one migration made one result. Wiring only.
 *
 * <p>An agent process is {@code pageflip source} or {@code pageflip destination} with {@code --supervised}: it writes
 * {@link io.pageflip.migration.AgentEvent}s to its standard output, a line of JSON each, and gives up when its standard
 * input ends, so that no agent outlives whoever started it.
 */
@NullMarked
package io.pageflip.migration;

import org.jspecify.annotations.NullMarked;
