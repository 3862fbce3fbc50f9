/**
 * What an agent does, for a person who wants to follow it ({@code --verbose}, {@code --log-file}): one line an event,
 * with the time of {@code CLOCK_MONOTONIC}, so that the lines of both agents can be merged by {@code sort}.
 *
 * <pre>
 *       1862.123456789 source      state SETUP -&gt; ACTIVE: both sides are ready
 * </pre>
 *
 * <p>An {@link io.pageflip.log.EventLog} takes an event: it notes the time and references in a slot that was made
 * beforehand. It formats and writes nothing, and may be called in the downtime. The thread of a
 * {@link io.pageflip.log.LogOutput} formats and writes lines. Where nobody asked for a log there is no such thread, and
 * an event costs the reading of one field.
 */
@NullMarked
package io.pageflip.log;

import org.jspecify.annotations.NullMarked;
