package io.pageflip.kernel;

import java.util.List;

/**
 * The writer's half of vmsplice(2). As posted it is described in 004 only: aligned whole pages leave the writer's
 * address space once they are in the pipe. The fixed variant leaves memory in place that is locked, or that is not
 * private and anonymous.
 */
final class VmspliceToPipe {
    /**
     * Pages that are taken from the process at once. The fixed variant tests the alignment of a piece once per batch.
     */
    private static final int BATCH = 16;

    private final VmspliceVariant variant;
    private final Tally<GiftReason> tally;
    private boolean aligned; // fixed: whether all memory that this call has reached is aligned

    VmspliceToPipe(VmspliceVariant variant, Tally<GiftReason> tally) {
        this.variant = variant;
        this.tally = tally;
    }

    long splice(AddressSpace mm, Pipe pipe, List<Iovec> memory, int flags) {
        int refused = pipe.roomError();
        boolean posted = variant == VmspliceVariant.AS_POSTED;
        // The kernel of 2013 tested the first piece before the pipe.
        if (refused != 0 && !(posted && isMisalignedGift(memory.get(0), flags))) {
            return refused;
        }
        aligned = true;
        long total = 0;
        for (int i = 0; i < memory.size(); i++) {
            Iovec segment = memory.get(i);
            if (posted && segment.length() == 0) {
                break;
            }
            long result = spliceSegment(mm, pipe, segment, flags);
            total += Math.max(result, 0);
            if (result != segment.length()) {
                total = total == 0 ? result : total;
                break;
            }
        }
        if (posted) {
            releaseAll(mm, memory, total, flags);
        }
        return total;
    }

    /**
     * Unmaps all pages that are in the pipe. The kernel of 2013 got all pages before it put the first into the pipe, so
     * that a page that is named twice goes in twice.
     */
    private void releaseAll(AddressSpace mm, List<Iovec> memory, long bytes, int flags) {
        long left = bytes;
        for (int i = 0; left > 0; i++) {
            Iovec segment = memory.get(i);
            long end = segment.base() + Math.min(segment.length(), left);
            for (long address = segment.base(); address < end; ) {
                int length = (int) Math.min(end - address, PageFrame.SIZE - address % PageFrame.SIZE);
                release(mm, address, length, flags);
                address += length;
            }
            left -= segment.length();
        }
    }

    /** Puts one piece into the pipe. Returns the bytes that are in the pipe, or minus an error number if none are. */
    private long spliceSegment(AddressSpace mm, Pipe pipe, Iovec segment, int flags) {
        boolean gift = (flags & SpliceFlags.GIFT) != 0;
        if (variant == VmspliceVariant.AS_POSTED && isMisalignedGift(segment, flags)) {
            tally.add(Outcome.FAILED, GiftReason.GIFT_NOT_ALIGNED, segment.length());
            return Errno.EINVAL.result();
        }
        long done = 0;
        int inBatch = 0;
        while (done < segment.length() && !pipe.isFull()) {
            long address = segment.base() + done;
            int offset = (int) (address % PageFrame.SIZE);
            int length = (int) Math.min(segment.length() - done, PageFrame.SIZE - offset);
            if (inBatch == 0) {
                aligned &= offset == 0;
            }
            PageFrame page = mm.getUserPage(address);
            if (page == null) {
                tally.add(Outcome.FAILED, GiftReason.NOT_MAPPED, length);
                return done == 0 ? Errno.EFAULT.result() : done;
            }
            pipe.push(page, offset, length, PipeBufferOps.USER_PAGE, gift ? PipeBuffer.GIFT : 0);
            if (variant != VmspliceVariant.AS_POSTED) {
                release(mm, address, length, flags);
            }
            inBatch = (inBatch + 1) % BATCH;
            done += length;
        }
        return done;
    }

    private static boolean isMisalignedGift(Iovec segment, int flags) {
        return (flags & SpliceFlags.GIFT) != 0 && (segment.base() | segment.length()) % PageFrame.SIZE != 0;
    }

    /** Unmaps a page that is in the pipe from the writer, if the variant does so, and counts the decision. */
    private void release(AddressSpace mm, long address, int length, int flags) {
        GiftReason reason = tryRelease(mm, address, length, flags);
        tally.add(reason == GiftReason.UNMAPPED ? Outcome.MOVED : Outcome.COPIED, reason, length);
    }

    private GiftReason tryRelease(AddressSpace mm, long address, int length, int flags) {
        boolean asked = (flags & SpliceFlags.GIFT) != 0 && (flags & SpliceFlags.MOVE) != 0;
        if (!asked) {
            return GiftReason.NOT_ASKED;
        }
        if (variant == VmspliceVariant.STOCK) {
            return GiftReason.FLAG_IGNORED;
        }
        if (variant == VmspliceVariant.FIXED) {
            if (!aligned) {
                return GiftReason.UNALIGNED;
            }
            if (length != PageFrame.SIZE) {
                return GiftReason.PART_OF_PAGE;
            }
        }
        return unmapGift(mm, address);
    }

    private GiftReason unmapGift(AddressSpace mm, long address) {
        mm.mmapReadLock();
        GiftReason reason = GiftReason.UNMAPPED;
        Vma vma = mm.lookupVma(address);
        if (vma == null) {
            throw new KernelBugException("a page was taken where nothing is mapped");
        }
        if (variant == VmspliceVariant.FIXED && !vma.isAnonymous()) {
            reason = GiftReason.VMA_NOT_ANONYMOUS;
        } else if (variant == VmspliceVariant.FIXED && vma.is(Vma.Flag.LOCKED)) {
            reason = GiftReason.VMA_LOCKED;
        } else {
            mm.zapPageRange(vma, address, PageFrame.SIZE);
        }
        mm.mmapReadUnlock();
        return reason;
    }
}
