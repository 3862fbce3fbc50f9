package io.pageflip.kernel;

import java.util.EnumSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A mapping of a process: consecutive pages of anonymous memory, or of a file ({@code struct vm_area_struct}).
 * Anonymous memory that is shared is a file, too: one of shared memory.
 */
public final class Vma {
    /** The access rights and the content of a mapping: VM_ flags of include/linux/mm.h. */
    public enum Flag {
        WRITE,
        SHARED,
        LOCKED,
        /** May hold special page table entries beside ordinary ones. */
        MIXEDMAP,
        /** Holds frame numbers that have no {@code struct page}. */
        PFNMAP
    }

    private final AddressSpace mm;
    private final long start;
    private final long end;
    private final EnumSet<Flag> flags = EnumSet.noneOf(Flag.class);
    private final @Nullable PageCache file;
    private final long pageOffset;
    private @Nullable AnonVma anonVma;

    Vma(AddressSpace mm, long start, long end, Set<Flag> flags, @Nullable PageCache file, long pageOffset) {
        this.mm = mm;
        this.start = start;
        this.end = end;
        this.flags.addAll(flags);
        this.file = file;
        this.pageOffset = pageOffset;
    }

    AddressSpace mm() {
        return mm;
    }

    /** The first address. */
    public long start() {
        return start;
    }

    /** The address after the last. */
    public long end() {
        return end;
    }

    /** Whether the mapping has the flag. */
    public boolean is(Flag flag) {
        return flags.contains(flag);
    }

    void set(Flag flag) {
        flags.add(flag);
    }

    Set<Flag> flags() {
        return flags;
    }

    @Nullable
    PageCache file() {
        return file;
    }

    /** {@code vma_is_anonymous}: private and of no file. */
    boolean isAnonymous() {
        return file == null;
    }

    /** {@code linear_page_index}: which page of the file, or of anonymous memory, lies at an address. */
    long pageIndex(long address) {
        return (file == null ? address : address - start + pageOffset * PageFrame.SIZE) / PageFrame.SIZE;
    }

    @Nullable
    AnonVma anonVma() {
        return anonVma;
    }

    void setAnonVma(AnonVma newAnonVma) {
        anonVma = newAnonVma;
    }

    /** {@code anon_vma_prepare}: false if there is no memory for it. */
    boolean prepareAnonVma(Hazards hazards) {
        if (anonVma == null) {
            if (hazards.strikes(Hazard.ANON_VMA_ALLOCATION)) {
                return false;
            }
            anonVma = new AnonVma();
        }
        return true;
    }
}
