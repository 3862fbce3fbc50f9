/**
 * The source agent: runs the guest, gives it away, and takes it back if that fails. It uses no class of the
 * destination, only the messages that come over a {@linkplain io.pageflip.source.ConnectedDestination connection}. A
 * destination at the other end of a shell pipe {@linkplain io.pageflip.source.PipedDestination sends none}.
 *
 * <pre>
 *   SourceAgent             the agent's life: greeting, the guest runs, schedule, taken or taken back, report
 *     SourceMemory          what the agent owns: the guest, and the file of frame numbers
 *     PreparationStep       the first step while the guest runs: adopting private RAM
 *     OutgoingSchedule      one class each: Handover, PullPostcopy, Precopy, StopAndMove
 *       OutgoingMigration   what every schedule uses: the guest, the stream, the destination, frame numbers
 *       MechanismStep       what a mechanism adds: the write-back of fuse
 *     TokenWait             waits until the destination has stored the next owner epoch
 *     PostcopyCompletion    waits until the destination has the last page that is still here
 * </pre>
 *
 * <p>docs/measuring.md says what the downtime is made of, and what was tried to make it short.
 */
@NullMarked
package io.pageflip.source;

import org.jspecify.annotations.NullMarked;
