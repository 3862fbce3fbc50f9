package io.pageflip.kernel;

import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The page table of one process. There is one level: page table pages of 512 entries. A huge page is mapped by entries,
 * as it is once its PMD has been split.
 */
final class PageTable {
    /** Entries of a page table page: {@code PTRS_PER_PTE}. */
    static final int ENTRIES = 512;

    /** Bytes that a page table page maps: {@code PMD_SIZE}. */
    static final long SPAN = (long) ENTRIES * PageFrame.SIZE;

    private final Map<Long, Entries> tables = new HashMap<>();
    private long lastKey = -1;
    private @Nullable Entries last;
    private long locksTaken;

    static int index(long address) {
        return (int) (address / PageFrame.SIZE % ENTRIES);
    }

    /** The page table page for an address; null if there is none yet. */
    @Nullable
    Entries find(long address) {
        long key = address / SPAN;
        if (key != lastKey) {
            lastKey = key;
            last = tables.get(key);
        }
        return last;
    }

    /** {@code pte_alloc}: the page table page for an address, made if need be. */
    Entries make(long address) {
        Entries found = find(address);
        if (found == null) {
            found = new Entries();
            tables.put(lastKey, found);
            last = found;
        }
        return found;
    }

    /** {@code get_locked_pte}: null if a page table page is needed and there is no memory for it. */
    @Nullable
    Entries lock(long address, Hazards hazards) {
        if (find(address) == null && hazards.strikes(Hazard.PAGE_TABLE_ALLOCATION)) {
            return null;
        }
        Entries entries = make(address);
        lock(entries);
        return entries;
    }

    void lock(Entries entries) {
        if (entries.locked) {
            throw new KernelBugException("a page table lock is taken twice");
        }
        entries.locked = true;
        locksTaken++;
    }

    void unlock(Entries entries) {
        if (!entries.locked) {
            throw new KernelBugException("a page table lock is released that nobody holds");
        }
        entries.locked = false;
    }

    /** How often a page table lock was taken by {@link #lock}. */
    long locksTaken() {
        return locksTaken;
    }

    boolean anyLocked() {
        return tables.values().stream().anyMatch(entries -> entries.locked);
    }

    /** Calls {@code visitor} for each entry that is not none, in no particular order of page table pages. */
    void forEach(Visitor visitor) {
        tables.forEach((key, entries) -> {
            for (int i = entries.firstUsed; i <= entries.lastUsed; i++) {
                if (!entries.isNone(i)) {
                    visitor.visit(key * SPAN + (long) i * PageFrame.SIZE, entries, i);
                }
            }
        });
    }

    /** An operation on an entry. */
    @FunctionalInterface
    interface Visitor {
        void visit(long address, Entries entries, int entry);
    }

    /** {@code free_pgtables}: forgets all entries; a page that is still mapped is never put. */
    void clear() {
        tables.clear();
        lastKey = -1;
        last = null;
    }

    /** One page table page. An entry is none, present (a page, and bits), or a swap entry. */
    static final class Entries {
        static final int WRITE = 1;
        static final int DIRTY = 2;
        /**
         * Neither counted nor seen by any code that looks for pages: {@code pte_mkspecial}. The zero page is mapped so.
         */
        static final int SPECIAL = 4;

        private static final int NO_SLOT = -1;

        private final @Nullable PageFrame[] frames = new @Nullable PageFrame[ENTRIES];
        private final byte[] bits = new byte[ENTRIES];
        private final int[] slots = new int[ENTRIES];
        private boolean locked;
        private int firstUsed = ENTRIES; // no entry before this was ever set, nor any after the last
        private int lastUsed = -1;

        Entries() {
            Arrays.fill(slots, NO_SLOT);
        }

        /** The page that is present; null if none is. */
        @Nullable
        PageFrame page(int entry) {
            return frames[entry];
        }

        boolean isPresent(int entry) {
            return frames[entry] != null;
        }

        boolean isSwap(int entry) {
            return slots[entry] != NO_SLOT;
        }

        boolean isNone(int entry) {
            return frames[entry] == null && slots[entry] == NO_SLOT;
        }

        boolean is(int entry, int bit) {
            return (bits[entry] & bit) != 0;
        }

        int swapSlot(int entry) {
            return slots[entry];
        }

        /** {@code set_pte_at}: overwrites the old entry and does not put its page. */
        void set(int entry, PageFrame page, int newBits) {
            frames[entry] = page;
            bits[entry] = (byte) newBits;
            slots[entry] = NO_SLOT;
            use(entry);
        }

        private void use(int entry) {
            firstUsed = Math.min(firstUsed, entry);
            lastUsed = Math.max(lastUsed, entry);
        }

        void setSwap(int entry, int slot) {
            frames[entry] = null;
            bits[entry] = 0;
            slots[entry] = slot;
            use(entry);
        }

        void add(int entry, int bit) {
            bits[entry] |= (byte) bit;
        }

        void remove(int entry, int bit) {
            bits[entry] &= (byte) ~bit;
        }

        void clear(int entry) {
            frames[entry] = null;
            bits[entry] = 0;
            slots[entry] = NO_SLOT;
        }
    }
}
