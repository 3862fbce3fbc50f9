package io.pageflip.kernel;

import io.pageflip.kernel.PageTable.Entries;

/** The reader's half with the conditions that 000 leaves out, on Linux 6.1; it copies wherever one does not hold. */
final class PipeToUserFlip {
    private final Kernel kernel;

    PipeToUserFlip(Kernel kernel) {
        this.kernel = kernel;
    }

    /**
     * Tries to move a gifted buffer, for a reader that asked for a move.
     *
     * @param length bytes that the reader still wants, at most the buffer's
     * @param segmentLeft bytes of the reader's piece of memory from {@code address} on
     */
    MoveReason tryFlip(AddressSpace mm, PipeBuffer buffer, int length, long address, long segmentLeft) {
        PageFrame page = buffer.page();
        if (buffer.offset() != 0) {
            return MoveReason.BUFFER_OFFSET;
        }
        if (buffer.length() != PageFrame.SIZE) {
            return MoveReason.BUFFER_LENGTH;
        }
        if (length != PageFrame.SIZE) {
            return MoveReason.SHORT_REQUEST;
        }
        if (segmentLeft < PageFrame.SIZE) {
            return MoveReason.SEGMENT_END;
        }
        if (address % PageFrame.SIZE != 0) {
            return MoveReason.READER_UNALIGNED;
        }
        if (!page.isAnon()) {
            return MoveReason.NOT_ANONYMOUS;
        }
        if (page.isCompound()) {
            return MoveReason.COMPOUND;
        }
        if (page.isKsm()) {
            return MoveReason.KSM;
        }
        if (page.isMapped()) {
            return MoveReason.STILL_MAPPED;
        }
        mm.mmapReadLock();
        MoveReason reason = intoVma(mm, page, address);
        mm.mmapReadUnlock();
        return reason;
    }

    private MoveReason intoVma(AddressSpace mm, PageFrame page, long address) {
        Vma vma = mm.lookupVma(address);
        if (vma == null) {
            return MoveReason.NO_VMA;
        }
        if (!vma.isAnonymous()) {
            return MoveReason.VMA_NOT_ANONYMOUS;
        }
        if (!vma.is(Vma.Flag.WRITE)) {
            return MoveReason.VMA_READ_ONLY;
        }
        if (vma.is(Vma.Flag.LOCKED)) {
            return MoveReason.VMA_LOCKED;
        }
        if (!vma.prepareAnonVma(kernel.hazards())) {
            return MoveReason.NO_ANON_VMA;
        }
        mm.zapPageRange(vma, address, PageFrame.SIZE);
        kernel.hazards().strikes(Hazard.PAGE_MAPPED_AGAIN);
        if (!VmspliceToUser.lockKillable(page, kernel.hazards())) {
            return MoveReason.FATAL_SIGNAL;
        }
        VmspliceToUser.meanwhile(mm, address, kernel.hazards());
        MoveReason reason = page.isMapped() ? MoveReason.MAPPED_MEANWHILE : intoEntry(mm, vma, page, address);
        page.unlock();
        return reason;
    }

    private MoveReason intoEntry(AddressSpace mm, Vma vma, PageFrame page, long address) {
        Entries entries = mm.pageTable().lock(address, kernel.hazards());
        if (entries == null) {
            return MoveReason.NO_PTE;
        }
        int entry = PageTable.index(address);
        boolean free = entries.isNone(entry);
        if (free) {
            VmspliceToUser.recordSharers(page, kernel);
            page.get();
            Rmap.moveAnon(page, vma, address);
            Rmap.addAnon(page, vma, address);
            mm.countAnonPage();
            entries.set(entry, page, Entries.WRITE | Entries.DIRTY);
        }
        mm.pageTable().unlock(entries);
        return free ? MoveReason.MOVED : MoveReason.PTE_TAKEN;
    }
}
