package io.pageflip.kernel;

import java.util.List;

/**
 * The reader's half of vmsplice(2): {@code vmsplice_to_user} and {@code pipe_to_user} (fs/splice.c), which try to move
 * a buffer and else copy it. The posted code handles the reader's memory piece by piece, a kernel of today as a whole.
 */
final class VmspliceToUser {
    private final VmspliceVariant variant;
    private final Tally<MoveReason> tally;
    private final PipeToUserMove move;
    private final PipeToUserFlip flip;
    private List<Iovec> memory = List.of();
    private int segment;
    private long inSegment;

    VmspliceToUser(Kernel kernel, VmspliceVariant variant, Tally<MoveReason> tally) {
        this.variant = variant;
        this.tally = tally;
        move = new PipeToUserMove(kernel);
        flip = new PipeToUserFlip(kernel);
    }

    long splice(AddressSpace mm, Pipe pipe, List<Iovec> destination, int flags) {
        memory = destination;
        segment = 0;
        inSegment = 0;
        if (variant == VmspliceVariant.AS_POSTED) {
            return eachSegment(mm, pipe, flags);
        }
        long length = 0;
        for (int i = 0; i < destination.size(); i++) {
            length += destination.get(i).length();
        }
        return length == 0 ? 0 : feed(mm, pipe, length, flags);
    }

    /** An empty piece ends the call, and an address of 0 is an error. */
    private long eachSegment(AddressSpace mm, Pipe pipe, int flags) {
        long total = 0;
        for (int i = 0; i < memory.size(); i++) {
            Iovec piece = memory.get(i);
            segment = i;
            inSegment = 0;
            if (piece.length() == 0) {
                break;
            }
            long size = piece.base() == 0 ? Errno.EFAULT.result() : feed(mm, pipe, piece.length(), flags);
            if (size < 0) {
                return total == 0 ? size : total;
            }
            total += size;
            if (size < piece.length()) {
                break;
            }
        }
        return total;
    }

    /** {@code __splice_from_pipe}: buffer after buffer, until {@code length} bytes, or the pipe's end, or an error. */
    private long feed(AddressSpace mm, Pipe pipe, long length, int flags) {
        long total = 0;
        while (total < length) {
            PipeBuffer buffer = pipe.peek();
            if (buffer == null) {
                return total > 0 || !pipe.isWritable() ? total : Errno.EAGAIN.result();
            }
            int most = (int) Math.min(buffer.length(), length - total);
            int done = pipeToUser(mm, buffer, most, flags);
            if (done < 0) {
                return total > 0 ? total : done;
            }
            pipe.consume(done);
            total += done;
        }
        return total;
    }

    /** {@code pipe_to_user}: bytes that have arrived, or that the call claims have, or {@code -EFAULT}. */
    private int pipeToUser(AddressSpace mm, PipeBuffer buffer, int length, int flags) {
        skipUsedSegments();
        Iovec piece = memory.get(segment);
        long address = piece.base() + inSegment;
        MoveReason reason = tryMove(mm, buffer, length, flags, address, piece.length() - inSegment);
        boolean claimed =
                variant == VmspliceVariant.AS_POSTED && (reason == MoveReason.NO_PTE || reason == MoveReason.PTE_TAKEN);
        if (reason == MoveReason.MOVED || claimed) {
            tally.add(claimed ? Outcome.CLAIMED_NOT_MOVED : Outcome.MOVED, reason, length);
            inSegment += length;
            return length;
        }
        boolean copied = copy(mm, buffer, length);
        tally.add(copied ? Outcome.COPIED : Outcome.FAILED, reason, length);
        return copied ? length : Errno.EFAULT.result();
    }

    private MoveReason tryMove(
            AddressSpace mm, PipeBuffer buffer, int length, int flags, long address, long segmentLeft) {
        if (!buffer.is(PipeBuffer.GIFT)) {
            return MoveReason.NOT_GIFTED;
        }
        if ((flags & SpliceFlags.MOVE) == 0) {
            return MoveReason.MOVE_NOT_REQUESTED;
        }
        return switch (variant) {
            case STOCK -> MoveReason.FLAG_IGNORED;
            case AS_POSTED -> move.tryMove(mm, buffer, length, address);
            case FIXED -> flip.tryFlip(mm, buffer, length, address, segmentLeft);
        };
    }

    private void skipUsedSegments() {
        while (inSegment == memory.get(segment).length()) {
            segment++;
            inSegment = 0;
        }
    }

    /**
     * {@code copy_page_to_iter}: copies to as many pieces of memory as needed. What was copied before a fault stays
     * copied.
     */
    private boolean copy(AddressSpace mm, PipeBuffer buffer, int length) {
        int done = 0;
        while (done < length) {
            skipUsedSegments();
            Iovec piece = memory.get(segment);
            int chunk = (int) Math.min(length - done, piece.length() - inSegment);
            int copied = mm.copyToUser(piece.base() + inSegment, buffer.page(), buffer.offset() + done, chunk);
            inSegment += copied;
            done += copied;
            if (copied < chunk) {
                return false;
            }
        }
        return true;
    }

    /** {@code lock_page_killable}: waits for the holder of the page lock, unless a fatal signal comes first. */
    static boolean lockKillable(PageFrame page, Hazards hazards) {
        if (page.tryLock()) {
            return true;
        }
        if (hazards.strikes(Hazard.FATAL_SIGNAL)) {
            return false;
        }
        page.lock();
        return true;
    }

    /** Records sharers of the page that neither variant tests for. */
    static void recordSharers(PageFrame page, Kernel kernel) {
        boolean cached = page.is(PageFlag.SWAPCACHE);
        if (cached && kernel.swap().hasEntries(page)) {
            kernel.log().record(Defect.SWAP_CACHE_SHARED);
        }
        if (page.refCount() > page.mapCount() + (cached ? 2 : 1)) {
            kernel.log().record(Defect.EXTRA_REFERENCE);
        }
    }

    /** Does what other threads of the reader may do between the zap and the page table lock. */
    static void meanwhile(AddressSpace mm, long address, Hazards hazards) {
        if (hazards.strikes(Hazard.READER_FAULTS)) {
            mm.access(address, true);
        }
        if (hazards.strikes(Hazard.READER_FAULTS_AND_SWAPS)) {
            mm.access(address, true);
            mm.swapOut(address);
        }
    }
}
