/**
 * The mechanisms: how one page crosses. Each has a {@link io.pageflip.transfer.PageSender} at the source and a
 * {@link io.pageflip.transfer.PageReceiver} at the destination; what lies between them is a record in the migration stream.
 *
 * <pre>
 *   mechanism  source                                    record  destination
 *   flip       madvise(MADV_DONTNEED)                    GIFT    UFFDIO_CONTINUE, or pread(2) with --no-move
 *   gift       vmsplice(SPLICE_F_GIFT|SPLICE_F_MOVE)     SPLICE  vmsplice(SPLICE_F_MOVE)
 *   stream     write(2)                                  BYTES   read(2)
 *   pull       -                                         PULL    process_vm_readv(2)
 *   all but flip: pages that are all zeros               ZERO    -
 * </pre>
 *
 * <p>{@link io.pageflip.transfer.SendPlan} says which sender a page gets; {@link io.pageflip.transfer.PageLedger} accounts
 * for every page at the destination.
 */
@NullMarked
package io.pageflip.transfer;

import org.jspecify.annotations.NullMarked;
