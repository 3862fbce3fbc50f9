/**
 * The source agent: runs the guest, gives it away, and takes it back if that fails. Does not know the destination, only
 * what it says: through a {@linkplain io.pageflip.source.ConnectedDestination connection}, or, at the other end of a
 * shell pipe, {@linkplain io.pageflip.source.PipedDestination not at all}.
 *
 * <p>What the downtime of a handover is made of, and what was found on the way to it. Medians in microseconds, of 200
 * migrations of 256 MiB between two warm JVMs ({@code migrate --ping-pong}), on a machine with 2 CPUs, a virtual
 * machine on a shared host; what is in brackets was measured, in a few runs on a busier machine, before it was mended:
 *
 * <pre>
 *   stop     1.1          the stop is seen between two instructions, at a moment that was agreed 0.2 ms before
 *   save     2.8 (20-45)  was private memory written meanwhile: 1, where PAGEMAP_SCAN of 65 pages had taken 15 to 30; the state
 *                         into the shared page: 2
 *   release  2.6 (15-30)  the fault step, and whether the destination lives: 1, interpreted 5 to 20 when nothing had rehearsed
 *                         them; F_OFD_SETLK: 1.5, and 5 in a processor that has executed nothing but the guest until then (10 with
 *                         a string in it)
 *   notice   0.4          vCPU 0 at the destination spins on a word
 *   lock     2.9 (10-40)  fault step: 1; F_OFD_SETLK: 2, practised on another file while that thread spins
 *   load     4.8          state, and the next owner epoch
 *   resume   2.0          until the first instruction
 * </pre>
 *
 * <p>What helped last, and most where the guest is large: the vCPUs hear of the stop 0.2 ms before it, one of them does
 * what the switch will do, as far as that changes nothing ({@link io.pageflip.switchover.OutgoingSwitchover}), on its
 * own thread and processor, and executes on. Without that, stop, save and release took 14 us with 256 MiB and 20 with 8
 * GiB, and the median was 29 and 50; with it, both are 17 to 19. The practice takes 18 us, in which that vCPU executes
 * nothing: the report says so, beside the downtime.
 *
 * <p>What else helped: the state through shared memory on the vCPUs' own threads, where messages and JSON had taken 0.9
 * to 1.7 ms ({@code token} and {@code resume} of the main job); nothing allocated there (the first native buffer on a
 * thread: 100); who waits for the epoch is woken afterwards (5); the agent's own thread asleep meanwhile, and 2 ms of
 * peace between READY and the stop, since three threads that want to run on two processors cost one of them a time
 * slice.
 *
 * <p>What did not help: inDryRun the lock on the source's other processor just before the stop. What remains: load, of
 * which half is calls into native code, one for each word of the state. The tail is the machine: the longest gaps of
 * the same guest without a migration are in every report.
 *
 * <p>Before a handover, private RAM can be {@linkplain io.pageflip.ram.Adoption adopted}. What was found about that, on
 * a machine with 2 CPUs (a virtual machine on a shared, busy host): a chunk of 256 KiB keeps writers waiting for 126 us
 * in the median (p90 152), 11 of them to protect it, 2 to find its zero pages, 89 to copy the others, 22 to map the
 * memfd over them, 2 to read the events and to wake. Stalls of milliseconds, which are seen as well, are waits for a
 * processor: of a vCPU that is awake again, or of the agent in the middle of a chunk. Pinned pages that were sent
 * through the stream while the guest stood made its downtime 0.4 ms longer; written straight into the memfd, 16 of them
 * are not seen in it.
 */
@NullMarked
package io.pageflip.source;

import org.jspecify.annotations.NullMarked;
