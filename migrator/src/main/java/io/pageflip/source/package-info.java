/**
 * The source agent: runs the guest, gives it away, and takes it back if that fails. Does not know the destination, only
 * what it says: through a {@linkplain io.pageflip.source.ConnectedDestination connection}, or, at the other end of a shell
 * pipe, {@linkplain io.pageflip.source.PipedDestination not at all}.
 *
 * <p>What the downtime of a handover is made of, and what was found on the way to it (two warm JVMs on a machine with 2 CPUs, a
 * virtual machine on a shared host; medians, in microseconds):
 *
 * <pre>
 *   on the thread of the vCPU that stops last           was    is
 *     the last instruction, and all vCPUs stand          3      3   the stop flag is seen between two instructions
 *     was private memory written meanwhile?          15-30      2   PAGEMAP_SCAN of 65 pages; now the vCPUs' own log
 *     the state into the shared page                     3      3   32 bytes a vCPU, and the console
 *     faults, and whether the destination lives       5-20      2   interpreted, when nothing had rehearsed them
 *     unlock (F_OFD_SETLK), say so                      10      6   with a string in it, and cold; 1 when it is warm
 *   on the thread of vCPU 0 at the destination, which spins
 *     seen                                             0.5    0.5
 *     faults and cancellation                         9-30      3   interpreted
 *     lock                                              10      3   cold; now practised on another file while it spins
 *     load, store the epoch                              6      5
 *     the first instruction                              3      3
 * </pre>
 *
 * <p>What else helped: no message in between (state, lock and epoch go through one shared page; a message costs two wake-ups, 0.3 to 1
 * ms); nothing allocated there (the first native buffer on a thread costs 100); the epoch's waiters woken afterwards (5); the
 * agent's own thread asleep, and 2 ms of peace between READY and the stop: with a third thread that spins, one of three waits
 * for a processor, and what was 3 becomes a time slice. What did not help: a higher compiler tier (the code is straight, and each line
 * of it runs once), and spinning for the stop where the thread that stops has more to do than that. What remains is mostly kernel code that
 * is cold in the caches, and, in the tail, the machine itself: the gaps of an idle guest are in every report.
 *
 * <p>Before a handover, private RAM can be {@linkplain io.pageflip.guest.Adoption adopted}. What was found about that, on a
 * machine with 2 CPUs (a virtual machine on a shared, busy host): a chunk of 256 KiB keeps writers waiting for 126 us in the
 * median (p90 152), 11 of them to protect it, 2 to find its zero pages, 89 to copy the others, 22 to map the memfd over them,
 * 2 to read the events and to wake. Stalls of milliseconds, which are seen as well, are waits for a processor: of a vCPU that is
 * awake again, or of the agent in the middle of a chunk. Pinned pages that were sent through the stream while the guest stood made
 * its downtime 0.4 ms longer; written straight into the memfd, 16 of them are not seen in it.
 */
@NullMarked
package io.pageflip.source;

import org.jspecify.annotations.NullMarked;
