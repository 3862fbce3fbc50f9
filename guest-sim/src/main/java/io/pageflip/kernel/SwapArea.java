package io.pageflip.kernel;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The swap area and the swap cache (mm/swapfile.c, mm/swap_state.c). A slot is free once nobody's entry and no page
 * holds it.
 */
final class SwapArea {
    private final PageAllocator allocator;
    private final List<Slot> slots = new ArrayList<>();
    private final ArrayDeque<Integer> freeSlots = new ArrayDeque<>();

    SwapArea(PageAllocator allocator) {
        this.allocator = allocator;
    }

    private static final class Slot {
        private final long[] content = new long[PageFrame.GRAINS];
        private int count;
        private @Nullable PageFrame cached;
    }

    int slotsInUse() {
        return slots.size() - freeSlots.size();
    }

    /** Swap entries that lead to a slot. */
    int entries(int number) {
        return slots.get(number).count;
    }

    /** The swap cache. */
    List<PageFrame> cached() {
        List<PageFrame> pages = new ArrayList<>();
        for (Slot slot : slots) {
            if (slot.cached != null) {
                pages.add(slot.cached);
            }
        }
        return pages;
    }

    /**
     * Writes a page out and adds it to the swap cache, unless it is there. Returns its slot; a new slot has no swap
     * entry yet.
     */
    int addToSwap(PageFrame page) {
        if (page.is(PageFlag.SWAPCACHE)) {
            return slotOf(page);
        }
        Integer reused = freeSlots.poll();
        int number = reused == null ? slots.size() : reused;
        if (reused == null) {
            slots.add(new Slot());
        }
        Slot slot = slots.get(number);
        for (int i = 0; i < PageFrame.GRAINS; i++) {
            slot.content[i] = page.grain(i);
        }
        cache(slot, page);
        return number;
    }

    private static void cache(Slot slot, PageFrame page) {
        slot.cached = page;
        page.set(PageFlag.SWAPCACHE);
        page.get();
    }

    private int slotOf(PageFrame page) {
        for (int i = 0; i < slots.size(); i++) {
            if (slots.get(i).cached == page) {
                return i;
            }
        }
        throw new KernelBugException("not in the swap cache: " + page);
    }

    /** {@code swap_duplicate}: one more swap entry. */
    void duplicate(int number) {
        slots.get(number).count++;
    }

    /** {@code free_swap_and_cache}: one swap entry less; with the last one the page leaves the swap cache. */
    void free(int number) {
        Slot slot = slots.get(number);
        if (slot.count <= 0) {
            throw new KernelBugException("a swap entry is freed twice");
        }
        slot.count--;
        release(number);
    }

    private void release(int number) {
        Slot slot = slots.get(number);
        if (slot.count > 0) {
            return;
        }
        PageFrame page = slot.cached;
        slot.cached = null;
        freeSlots.push(number);
        if (page != null) {
            page.clear(PageFlag.SWAPCACHE);
            page.put();
        }
    }

    /** Reclaim: frees the page of a slot if only the swap cache holds it; the slot keeps the content. */
    void shrink(int number) {
        Slot slot = slots.get(number);
        PageFrame page = slot.cached;
        if (page != null && page.refCount() == 1 && slot.count > 0) {
            slot.cached = null;
            page.clear(PageFlag.SWAPCACHE);
            page.put();
        }
    }

    /** Whether some swap entry still leads to this page. */
    boolean hasEntries(PageFrame page) {
        return page.is(PageFlag.SWAPCACHE) && slots.get(slotOf(page)).count > 0;
    }

    /**
     * {@code swapin}: the page in the swap cache, or a new one with the slot's content there; null if there is no
     * memory.
     */
    @Nullable
    PageFrame read(int number) {
        Slot slot = slots.get(number);
        if (slot.cached != null) {
            return slot.cached;
        }
        PageFrame page = allocator.alloc();
        if (page == null) {
            return null;
        }
        for (int i = 0; i < PageFrame.GRAINS; i++) {
            page.setGrain(i, slot.content[i]);
        }
        page.set(PageFlag.SWAPBACKED);
        page.set(PageFlag.UPTODATE);
        cache(slot, page);
        page.put();
        return page;
    }
}
