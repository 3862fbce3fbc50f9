/**
 * The destination agent: takes a guest over and runs it. It uses no class of the source, only what the source sends:
 * over a {@linkplain io.pageflip.destination.ConnectedSource connection}, or through
 * {@linkplain io.pageflip.destination.PipedSource a shell pipe}.
 *
 * <pre>
 *   DestinationAgent       the agent's life: memory, schedule, the guest runs, report
 *     DestinationMemory    what the agent owns of a guest; the guest's RAM is DestinationRam
 *     DestinationSchedule  one class each: Handover, FlipPostcopy, PullPostcopy, Precopy, StopAndMove
 *       ReceivedPages      frames of pages, and the account of them
 *       Readiness          tells the source that this agent is ready
 *       IncomingGuest      vCPU 0 waits for the guest's state and takes it
 *       Remainder          the work after the switchover: PostcopyRemainder, if there is any
 *         RemainingPagesWait   waits until the last page is here: FlippedPagesWait, PulledPagesWait with SourceRecovery
 * </pre>
 */
@NullMarked
package io.pageflip.destination;

import org.jspecify.annotations.NullMarked;
