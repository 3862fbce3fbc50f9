/**
 * The log of what an agent does, for a person ({@code --verbose}, {@code --log-file}): one line for each event, with
 * the time of {@code CLOCK_MONOTONIC}, so that {@code sort} can merge the lines of both agents.
 *
 * <pre>
 *       1862.123456789 source      state SETUP -&gt; ACTIVE: both sides are ready
 * </pre>
 *
 * <p>An {@link io.pageflip.log.EventLog} takes an event: it stores the time and references in a slot that was made
 * beforehand. It formats and writes nothing, so it may be called in the downtime. The thread of a
 * {@link io.pageflip.log.LogOutput} formats and writes lines. If nobody asked for a log, there is no such thread, and
 * an event only reads one field.
 */
@NullMarked
package io.pageflip.log;

import org.jspecify.annotations.NullMarked;
