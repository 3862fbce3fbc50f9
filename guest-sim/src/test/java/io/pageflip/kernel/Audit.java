package io.pageflip.kernel;

import io.pageflip.kernel.PageTable.Entries;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Counts every reference and every mapping anew, from who holds what, and compares: a count that is too high is a leak,
 * one that is too low a double free to come. Add whoever holds pages, then {@link #check}.
 */
final class Audit {
    private final Kernel kernel;
    private final Map<PageFrame, int[]> references = new HashMap<>(); // by compound head
    private final Map<PageFrame, int[]> mappings = new HashMap<>();
    private final Map<Integer, int[]> swapEntries = new HashMap<>();
    private final List<PageFrame> frames = new ArrayList<>();
    private boolean swapEntriesMayBeLost;

    Audit(Kernel kernel) {
        this.kernel = kernel;
    }

    Audit mm(AddressSpace mm) {
        if (mm.anyLockHeld()) {
            throw new AssertionError("a lock is held");
        }
        mm.pageTable().forEach((address, entries, entry) -> {
            PageFrame page = entries.page(entry);
            if (page == null) {
                swapEntries.computeIfAbsent(entries.swapSlot(entry), s -> new int[1])[0]++;
            } else if (!entries.is(entry, Entries.SPECIAL)) {
                reference(page);
                mappings.computeIfAbsent(page, p -> new int[1])[0]++;
            }
        });
        return this;
    }

    Audit pipe(Pipe pipe) {
        for (int i = 0; i < pipe.buffers(); i++) {
            reference(pipe.at(i).page());
        }
        return this;
    }

    Audit file(PageCache file) {
        for (PageFrame page : file.cached()) {
            reference(page);
        }
        return this;
    }

    Audit held(Iterable<PageFrame> pages) {
        for (PageFrame page : pages) {
            reference(page);
        }
        return this;
    }

    /** The posted code has overwritten a swap entry: its slot has more than there are. */
    Audit swapEntriesMayBeLost(boolean may) {
        swapEntriesMayBeLost = may;
        return this;
    }

    private void reference(PageFrame page) {
        PageFrame head = page.compoundHead();
        int[] count = references.computeIfAbsent(head, p -> new int[1]);
        if (count[0]++ == 0) {
            frames.addAll(List.of(head.pages()));
        }
    }

    void check() {
        held(kernel.swap().cached());
        PageFrame zero = kernel.allocator().zeroPage();
        int[] zeroReferences = references.remove(zero);
        int expectedZero = 1 + (zeroReferences == null ? 0 : zeroReferences[0]);
        equal(expectedZero, zero.refCount(), "references to the zero page", zero);
        frames.remove(zero);
        for (Map.Entry<PageFrame, int[]> entry : references.entrySet()) {
            PageFrame page = entry.getKey();
            equal(entry.getValue()[0], page.refCount(), "references", page);
        }
        for (PageFrame page : frames) {
            int[] mapped = mappings.get(page);
            equal(mapped == null ? 0 : mapped[0], page.mapCount(), "mappings", page);
        }
        equal(frames.size(), kernel.allocator().inUse(), "frames in use", zero);
        for (Map.Entry<Integer, int[]> entry : swapEntries.entrySet()) {
            int counted = kernel.swap().entries(entry.getKey());
            if (counted != entry.getValue()[0] && !(swapEntriesMayBeLost && counted > entry.getValue()[0])) {
                throw new AssertionError("slot " + entry.getKey() + " counts " + counted + " swap entries");
            }
        }
        if (!swapEntriesMayBeLost) {
            equal(swapEntries.size(), kernel.swapSlotsInUse(), "swap slots in use", zero);
        }
    }

    private static void equal(int expected, int actual, String what, PageFrame page) {
        if (expected != actual) {
            throw new AssertionError(what + " should be " + expected + ", are " + actual + ": " + page);
        }
    }
}
