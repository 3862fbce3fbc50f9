package io.pageflip.kernel.workload;

import io.pageflip.kernel.AddressSpace;
import io.pageflip.kernel.InsertReason;
import io.pageflip.kernel.Outcome;
import io.pageflip.kernel.PageCache;
import io.pageflip.kernel.PageFlag;
import io.pageflip.kernel.PageFrame;
import io.pageflip.kernel.SpecialPages;
import io.pageflip.kernel.Tally;
import io.pageflip.kernel.Vma;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;

/**
 * Guest RAM is a file that is being read, its pages locked, and a second process gets them as special entries. Pages
 * that are forked, merged, pinned or huge are anonymous. Nothing moves: an inserted page is in both processes. Races:
 * the second process touches the place first.
 */
final class InsertMachine extends Machine {
    private static final long USER = 1L << 30;
    private static final EnumSet<Condition> ANONYMOUS =
            EnumSet.of(Condition.HUGE, Condition.KSM, Condition.FORKED, Condition.PINNED);
    private static final EnumSet<Condition> INSERTED =
            EnumSet.of(Condition.PLAIN, Condition.UNALIGNED, Condition.PINNED, Condition.HUGE);

    private final GuestMemory guest = new GuestMemory(kernel(), ANONYMOUS);
    private final AddressSpace user = kernel().newAddressSpace();
    private final PageCache userFile = kernel().newFile((long) Chunk.PAGES * PageFrame.SIZE);
    private final Vma vma;
    private final Tally<InsertReason> tally = new Tally<>(InsertReason.class);
    private final SpecialPages special = new SpecialPages(kernel(), SpecialPages.Architecture.BATCHED, tally);
    private final PageFrame[] frames = new PageFrame[Chunk.PAGES];
    private int locked;

    InsertMachine() {
        super(List.of());
        long end = USER + (long) (Chunk.PAGES + 1) * PageFrame.SIZE; // room for a last page that is not aligned
        vma = user.mmapFile(USER, end, Set.of(Vma.Flag.SHARED, Vma.Flag.WRITE), userFile, 0);
    }

    @Override
    int most() {
        return Chunk.PAGES;
    }

    @Override
    void populate(Chunk chunk) {
        guest.populate(chunk);
        for (locked = 0; locked < chunk.pages(); locked++) {
            frames[locked] = guest.frame(chunk, locked);
            if (!ANONYMOUS.contains(chunk.condition(locked))) {
                frames[locked].set(PageFlag.LOCKED);
            }
        }
    }

    @Override
    void move(Chunk chunk, int first, int count) {
        long at = USER + (long) first * PageFrame.SIZE;
        if (chunk.races(first)) {
            user.write(at, 1);
        }
        int shifted = chunk.condition(first) == Condition.UNALIGNED ? PageFrame.GRAIN_BYTES : 0;
        // A call tries no page after one that fails, and its caller would call again: such pages have calls of their
        // own.
        int step = INSERTED.contains(chunk.condition(first)) ? count : 1;
        user.mmapWriteLock();
        for (int done = 0; done < count; done += step) {
            special.insert(vma, at + shifted + (long) done * PageFrame.SIZE, frames, first + done, step);
        }
        user.mmapWriteUnlock();
    }

    @Override
    void discard() {
        user.dontNeed(vma); // before the pages may be freed
        for (int i = 0; i < locked; i++) {
            frames[i].clear(PageFlag.LOCKED);
        }
        guest.discard();
        userFile.truncate();
    }

    @Override
    void end() {
        guest.end();
        user.exit();
        addTally(tally, InsertReason.class, List.of(Outcome.values()));
    }
}
