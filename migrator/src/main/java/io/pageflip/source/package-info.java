/**
 * The source agent: runs the guest, gives it away, and takes it back if that fails. Does not know the destination, only
 * what it says: through a {@linkplain io.pageflip.source.ConnectedDestination connection}, or, at the other end of a shell
 * pipe, {@linkplain io.pageflip.source.PipedDestination not at all}.
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
