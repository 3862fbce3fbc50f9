package io.pageflip.kernel;

import io.pageflip.kernel.PageTable.Entries;

/** {@code __pipe_to_user_move} as posted, condition by condition, from the test of the buffer on (000). */
final class PipeToUserMove {
    private final Kernel kernel;

    PipeToUserMove(Kernel kernel) {
        this.kernel = kernel;
    }

    /**
     * Tries to move a gifted buffer, for a reader that asked for a move. After {@link MoveReason#NO_PTE} and
     * {@link MoveReason#PTE_TAKEN} the posted code returns success.
     *
     * @param length bytes that the reader still wants, at most the buffer's; the posted code ignores it
     */
    MoveReason tryMove(AddressSpace mm, PipeBuffer buffer, int length, long address) {
        PageFrame page = buffer.page();
        if (buffer.offset() != 0) {
            return MoveReason.BUFFER_OFFSET;
        }
        if (buffer.length() != PageFrame.SIZE) {
            return MoveReason.BUFFER_LENGTH;
        }
        if (!page.isAnon()) {
            return MoveReason.NOT_ANONYMOUS;
        }
        if (page.isMapped()) {
            return MoveReason.STILL_MAPPED;
        }
        if (page.isCompound()) {
            return MoveReason.COMPOUND;
        }
        if (page.isHugetlb() || page.isTransHuge()) {
            return MoveReason.HUGE;
        }
        mm.mmapReadLock();
        MoveReason reason = intoVma(mm, page, length, address);
        mm.mmapReadUnlock();
        return reason;
    }

    private MoveReason intoVma(AddressSpace mm, PageFrame page, int length, long address) {
        Vma vma = mm.findVma(address);
        if (vma == null) {
            return MoveReason.NO_VMA;
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
        MoveReason reason = intoEntry(mm, vma, page, length, address);
        page.unlock();
        if (reason != MoveReason.MOVED) {
            kernel.log().record(Defect.CLAIMED_NOT_MOVED);
        }
        return reason;
    }

    private MoveReason intoEntry(AddressSpace mm, Vma vma, PageFrame page, int length, long address) {
        Entries entries = mm.pageTable().lock(address, kernel.hazards());
        if (entries == null) {
            return MoveReason.NO_PTE;
        }
        int entry = PageTable.index(address);
        boolean taken = entries.isPresent(entry);
        if (!taken) {
            recordDefects(vma, entries, page, length, address);
            page.get();
            Rmap.addAnon(page, vma, address);
            // vm_page_prot of a private mapping does not allow writing: the first write faults.
            entries.set(entry, page, vma.is(Vma.Flag.SHARED) && vma.is(Vma.Flag.WRITE) ? Entries.WRITE : 0);
            if (!Rmap.leadsTo(page, vma, address)) {
                kernel.log().record(Defect.STALE_RMAP);
            }
        }
        mm.pageTable().unlock(entries);
        return taken ? MoveReason.PTE_TAKEN : MoveReason.MOVED;
    }

    private void recordDefects(Vma vma, Entries entries, PageFrame page, int length, long address) {
        KernelLog log = kernel.log();
        log.record(Defect.RSS_NOT_COUNTED);
        VmspliceToUser.recordSharers(page, kernel);
        recordIf(address % PageFrame.SIZE != 0, Defect.UNALIGNED_READER);
        recordIf(length != PageFrame.SIZE, Defect.SHORT_REQUEST);
        recordIf(page.isKsm(), Defect.KSM_PAGE);
        recordIf(page.isMapped(), Defect.MAPPED_IN_BOTH);
        recordIf(entries.isSwap(PageTable.index(address)), Defect.SWAP_ENTRY_LOST);
        if (vma.start() > address) {
            log.record(Defect.LATER_MAPPING);
            return;
        }
        recordIf(!vma.isAnonymous(), Defect.FILE_MAPPING);
        recordIf(!vma.is(Vma.Flag.WRITE), Defect.READ_ONLY_MAPPING);
        recordIf(vma.is(Vma.Flag.LOCKED), Defect.LOCKED_MAPPING);
    }

    private void recordIf(boolean wrong, Defect defect) {
        if (wrong) {
            kernel.log().record(defect);
        }
    }
}
