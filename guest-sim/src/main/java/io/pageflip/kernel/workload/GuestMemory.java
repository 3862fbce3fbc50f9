package io.pageflip.kernel.workload;

import io.pageflip.kernel.AddressSpace;
import io.pageflip.kernel.Kernel;
import io.pageflip.kernel.Ksm;
import io.pageflip.kernel.PageCache;
import io.pageflip.kernel.PageFrame;
import io.pageflip.kernel.Vma;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** A chunk of the guest's pages in the process that owns them, and the other processes that their conditions need. */
final class GuestMemory {
    private static final long SMALL = 1L << 30;
    private static final long HUGE = 1L << 31;
    private static final long LENGTH = (long) Chunk.PAGES * PageFrame.SIZE;

    private final Kernel kernel;
    private final Set<Condition> anonymous;
    private final AddressSpace owner;
    private final AddressSpace otherGuest;
    private final AddressSpace mapper;
    private final Vma small;
    private final Vma otherSmall;
    private final PageCache file;
    private final PageCache sharedMemory;
    private final Vma mappedFile;
    private final List<PageFrame> pinned = new ArrayList<>();
    private @Nullable AddressSpace child;
    private @Nullable Vma huge;

    /** @param anonymous conditions of pages that lie in anonymous memory; any other page is a file's */
    GuestMemory(Kernel kernel, Set<Condition> anonymous) {
        this(kernel, anonymous, false);
    }

    /** @param ownsShared whether the owner's memory is shared memory instead of anonymous; all pages are plain then */
    GuestMemory(Kernel kernel, Set<Condition> anonymous, boolean ownsShared) {
        this.kernel = kernel;
        this.anonymous = anonymous;
        owner = kernel.newAddressSpace();
        otherGuest = kernel.newAddressSpace();
        mapper = kernel.newAddressSpace();
        otherSmall = otherGuest.mmap(SMALL, SMALL + LENGTH, Set.of(Vma.Flag.WRITE));
        file = kernel.newFile(LENGTH);
        sharedMemory = kernel.newSharedMemory(LENGTH);
        small = ownsShared
                ? owner.mmapFile(SMALL, SMALL + LENGTH, Set.of(Vma.Flag.WRITE, Vma.Flag.SHARED), sharedMemory, 0)
                : owner.mmap(SMALL, SMALL + LENGTH, Set.of(Vma.Flag.WRITE));
        mappedFile = mapper.mmapFile(SMALL, SMALL + LENGTH, Set.of(Vma.Flag.SHARED), file, 0);
    }

    AddressSpace owner() {
        return owner;
    }

    /** Where a page lies in the owner's anonymous memory. */
    static long address(Chunk chunk, int page) {
        return (chunk.isHuge() ? HUGE : SMALL) + (long) page * PageFrame.SIZE;
    }

    /** The file of a page that is not anonymous. The page has the same index there as in its chunk. */
    PageCache file(Condition condition) {
        return condition == Condition.SWAPPED ? sharedMemory : file;
    }

    /** The frame of a page that is present. */
    PageFrame frame(Chunk chunk, int page) {
        Condition condition = chunk.condition(page);
        PageFrame frame = anonymous.contains(condition)
                ? owner.mappedPage(address(chunk, page))
                : file(condition).find(page);
        if (frame == null) {
            throw new IllegalStateException("page " + chunk.number(page) + " is not there");
        }
        return frame;
    }

    void populate(Chunk chunk) {
        if (chunk.isHuge()) {
            huge = owner.mmapHuge(HUGE, HUGE + LENGTH, Chunk.PAGES, false);
            return;
        }
        if (anonymous.contains(Condition.FORKED)) {
            shareWithChild(chunk);
        }
        for (int i = 0; i < chunk.pages(); i++) {
            Condition condition = chunk.condition(i);
            if (!anonymous.contains(condition)) {
                populateFile(chunk, i, condition);
            } else if (condition != Condition.FORKED) {
                populateAnonymous(chunk, i, condition);
            }
        }
    }

    /** Writes the pages that a child must share, and then forks it: it gets these pages and no others. */
    private void shareWithChild(Chunk chunk) {
        boolean any = false;
        for (int i = 0; i < chunk.pages(); i++) {
            if (chunk.condition(i) == Condition.FORKED) {
                write(owner, chunk, i);
                any = true;
            }
        }
        if (any) {
            child = owner.fork();
        }
    }

    private void populateAnonymous(Chunk chunk, int page, Condition condition) {
        write(owner, chunk, page);
        long address = address(chunk, page);
        switch (condition) {
            case KSM -> {
                write(otherGuest, chunk, page);
                require(Ksm.merge(otherGuest, address, owner, address), chunk, page);
            }
            case PINNED -> pin(frame(chunk, page));
            case SWAPPED -> require(owner.swapOut(address), chunk, page);
            case PLAIN, UNALIGNED, FORKED, HUGE -> {}
        }
    }

    private void populateFile(Chunk chunk, int page, Condition condition) {
        PageFrame frame = file(condition).populate(page, stamp(chunk, page));
        if (condition == Condition.PINNED) {
            pin(frame);
        } else if (condition == Condition.FORKED) {
            mapper.read(mappedFile.start() + (long) page * PageFrame.SIZE);
        }
    }

    private void pin(PageFrame frame) {
        kernel.pin(frame);
        pinned.add(frame);
    }

    private static void write(AddressSpace mm, Chunk chunk, int page) {
        require(mm.writePage(address(chunk, page), stamp(chunk, page)), chunk, page);
    }

    private static long stamp(Chunk chunk, int page) {
        return (chunk.number(page) + 1) * PageFrame.SIZE;
    }

    private static void require(boolean done, Chunk chunk, int page) {
        if (!done) {
            throw new IllegalStateException(
                    "page " + chunk.number(page) + " cannot be made " + chunk.condition(page) + ": no frame is left");
        }
    }

    void discard() {
        pinned.forEach(kernel::unpin);
        pinned.clear();
        if (child != null) {
            child.exit();
            child = null;
        }
        if (huge != null) {
            owner.munmap(huge);
            huge = null;
        }
        owner.dontNeed(small);
        otherGuest.dontNeed(otherSmall);
        mapper.dontNeed(mappedFile);
        file.truncate();
        sharedMemory.truncate();
    }

    void end() {
        owner.exit();
        otherGuest.exit();
        mapper.exit();
    }
}
