/**
 * The mechanisms: how one page crosses. Each has a {@link io.pageflip.transfer.PageSender} at the source and a
 * {@link io.pageflip.transfer.PageReceiver} at the destination; what lies between them is a record in the migration
 * stream.
 *
 * <pre>
 *   mechanism  source                                    record  destination
 *   flip       madvise(MADV_DONTNEED)                    GIFT    UFFDIO_CONTINUE, or pread(2) with --no-move
 *   gift       vmsplice(SPLICE_F_GIFT|SPLICE_F_MOVE)     SPLICE  vmsplice(SPLICE_F_MOVE)
 *   stream     write(2)                                  BYTES   read(2)
 *   pull       -                                         PULL    process_vm_readv(2)
 *   fuse       splice(SPLICE_F_MOVE) into /dev/fuse      FUSE    madvise(MADV_POPULATE_READ)
 *   all but flip, fuse: pages that are all zeros         ZERO    -
 *   pull, after the switch                     -         LATE    process_vm_readv(2), UFFDIO_COPY or UFFDIO_ZEROPAGE
 * </pre>
 *
 * <p>{@link io.pageflip.transfer.SendPlan} says which sender a page gets; {@link io.pageflip.transfer.PageLedger}
 * accounts for every page at the destination.
 *
 * <p>With a postcopy the records only tell which pages there are, and {@link io.pageflip.transfer.Postcopy} maps them
 * after the switch; how, is all that the mechanisms differ in ({@code PageMapper}). What was found about its faults, on
 * a machine with 2 CPUs (a virtual machine on a shared, busy host): a touch that is served takes 9.4 us in the median,
 * 8.1 us with a blocking handler in C in the same run ({@code FaultBenchmark}): two wake-ups of a sleeping thread,
 * which Java does not add to. In a migration the median is three to four times that, because vCPU, server, mover and
 * the source, which gives its pages up at the same time, are four threads on two processors.
 */
@NullMarked
package io.pageflip.transfer;

import org.jspecify.annotations.NullMarked;
