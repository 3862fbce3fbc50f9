/**
 * The source agent: runs the guest, gives it away, and takes it back if that fails. It does not know the destination,
 * only what the destination says: through a {@linkplain io.pageflip.source.ConnectedDestination connection}. At the
 * other end of a shell pipe, the destination {@linkplain io.pageflip.source.PipedDestination says nothing}.
 *
 * <pre>
 *   SourceAgent             the agent's life: greeting, the guest runs, schedule, taken or taken back, report
 *     SourceMemory          what it owns: the guest, and the file of frame numbers
 *     PreparationStep       what is done first while the guest runs: adopting private RAM
 *     OutgoingSchedule      one class each: Handover, Postcopy, Precopy, StopAndMove
 *       OutgoingMigration   what every schedule uses: the guest, the stream, the destination, frame numbers
 *       MechanismStep       what a mechanism adds: the write-back of fuse
 *     TokenWait             until the destination has stored the next owner epoch
 *     PostcopyCompletion    until the destination has the last page that is still here
 * </pre>
 *
 * <p>docs/measuring.md says what the downtime is made of, and what was tried to make it short.
 */
@NullMarked
package io.pageflip.source;

import org.jspecify.annotations.NullMarked;
