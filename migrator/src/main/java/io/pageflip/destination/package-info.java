/**
 * The destination agent: takes a guest over and runs it. Does not know the source, only what it says: through a
 * {@linkplain io.pageflip.destination.ConnectedSource connection}, or {@linkplain io.pageflip.destination.PipedSource a
 * shell pipe}.
 *
 * <pre>
 *   DestinationAgent       the agent's life: memory, schedule, the guest runs, report
 *     DestinationMemory    what it owns of a guest; its RAM is DestinationRam
 *     DestinationSchedule  one class each: Handover, FlipPostcopy, PullPostcopy, Precopy, StopAndMove
 *       ReceivedPages      frames of pages, and the account of them
 *       Readiness          READY
 *       IncomingGuest      vCPU 0 waits for the guest's state and takes it
 *       Remainder          what comes after the switchover: PostcopyRemainder, if anything does
 *         RemainingPagesWait   until the last page is here: FlippedPagesWait, PulledPagesWait with SourceRecovery
 * </pre>
 */
@NullMarked
package io.pageflip.destination;

import org.jspecify.annotations.NullMarked;
