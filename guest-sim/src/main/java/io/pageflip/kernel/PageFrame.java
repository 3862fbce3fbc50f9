package io.pageflip.kernel;

import io.pageflip.memory.BasePage;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A page frame: {@code struct page}, and what is in it. References of a compound page are those of its head; each of
 * its pages has its own map count.
 *
 * <p>The content is 8 numbers, one a {@linkplain #GRAIN_BYTES grain} of 512 bytes, so that a part of a page, or a page
 * at the wrong place, can be told from the right one. 0 means that nobody has written the grain.
 */
public final class PageFrame {
    /** Bytes of a page: {@code PAGE_SIZE}. */
    public static final int SIZE = BasePage.BYTES;

    /** The finest part of a page that the model tells apart; every address, offset and length is a multiple of it. */
    public static final int GRAIN_BYTES = 512;

    static final int GRAINS = SIZE / GRAIN_BYTES;

    private final PageAllocator owner;
    private final int number;
    private final long[] grains = new long[GRAINS];
    private final EnumSet<PageFlag> flags = EnumSet.noneOf(PageFlag.class);
    private int refCount;
    private int mapCount;
    private int compoundMapCount; // of a head: the map counts of all its pages
    private @Nullable PageMapping mapping;
    private long index;
    private PageFrame head;
    private PageFrame @Nullable [] compound; // of a head: all its pages
    private boolean hugetlb;
    private int incarnation;

    PageFrame(PageAllocator owner, int number) {
        this.owner = owner;
        this.number = number;
        this.head = this;
    }

    /** Called by the allocator: the page has one reference, and the content that the frame's last owner left. */
    void onAlloc() {
        refCount = 1;
    }

    /** Called by the allocator for the head: {@code pages}, this one first, are one compound page from now on. */
    void bindCompound(PageFrame[] pages, boolean isHugetlb) {
        compound = pages;
        for (PageFrame page : pages) {
            page.head = this;
            page.hugetlb = isHugetlb;
            page.set(page == this ? PageFlag.HEAD : PageFlag.TAIL);
        }
    }

    /** Called by the allocator: resets everything but the content. */
    void onFree() {
        flags.clear();
        mapping = null;
        index = 0;
        head = this;
        compound = null;
        hugetlb = false;
        incarnation++;
    }

    /** The page frame number, which identifies the frame. */
    public int number() {
        return number;
    }

    /** How often the frame was freed: an uncounted reference is stale once this has changed. */
    int incarnation() {
        return incarnation;
    }

    // Flags.

    /** Whether the page has the flag. */
    public boolean is(PageFlag flag) {
        return flags.contains(flag);
    }

    /** Sets the flag, as the file system, reclaim or the disk would. */
    public void set(PageFlag flag) {
        flags.add(flag);
    }

    /** Clears the flag. */
    public void clear(PageFlag flag) {
        flags.remove(flag);
    }

    /** Whether it has a flag that is not one of {@code allowed}. */
    boolean hasFlagBeyond(Set<PageFlag> allowed) {
        return !allowed.containsAll(flags);
    }

    boolean tryLock() {
        if (is(PageFlag.LOCKED)) {
            return false;
        }
        set(PageFlag.LOCKED);
        return true;
    }

    /** Waits for the lock, whose other holder releases it at once: nobody in the model sleeps with a page lock. */
    void lock() {
        set(PageFlag.LOCKED);
    }

    void unlock() {
        if (!is(PageFlag.LOCKED)) {
            throw new KernelBugException("unlock_page of an unlocked page: " + this);
        }
        clear(PageFlag.LOCKED);
    }

    // Counts.

    /** {@code page_count}: the references to the page, or to the compound page that it belongs to. */
    public int refCount() {
        return head.refCount;
    }

    /** {@code page_mapcount}: the page table entries that map this page, special ones not counted. */
    public int mapCount() {
        return mapCount;
    }

    /** {@code total_mapcount}: of a compound page, the map counts of all its pages. */
    int totalMapCount() {
        return head.compoundMapCount;
    }

    /** {@code page_mapped}: of a compound page, whether any of its pages is mapped. */
    public boolean isMapped() {
        return head.compoundMapCount > 0;
    }

    /** {@code get_page}. */
    void get() {
        if (head.refCount <= 0) {
            throw new KernelBugException("get_page of a free page: " + this);
        }
        head.refCount++;
    }

    /** {@code put_page}: the last reference frees the page, or the whole compound page. */
    void put() {
        if (head.refCount <= 0) {
            throw new KernelBugException("put_page of a free page: " + this);
        }
        head.refCount--;
        if (head.refCount == 0) {
            owner.free(head);
        }
    }

    void addMapping() {
        mapCount++;
        head.compoundMapCount++;
    }

    /** {@code page_remove_rmap}. */
    void removeMapping() {
        if (mapCount <= 0) {
            throw new KernelBugException("page_remove_rmap of an unmapped page: " + this);
        }
        mapCount--;
        head.compoundMapCount--;
    }

    // Kind.

    PageFrame compoundHead() {
        return head;
    }

    /**
     * The pages of the compound page of which this is the head, this one first; only this one if it is not compound.
     */
    PageFrame[] pages() {
        return compound == null ? new PageFrame[] {this} : compound;
    }

    /** {@code PageCompound}: any page of a huge page, transparent or of hugetlbfs. */
    public boolean isCompound() {
        return head.compound != null;
    }

    /** {@code PageHuge}: of hugetlbfs. */
    public boolean isHugetlb() {
        return hugetlb;
    }

    /** {@code PageTransHuge}: the model, like every kernel, has no huge page that is not compound. */
    boolean isTransHuge() {
        return isCompound() && !hugetlb;
    }

    /** {@code PageAnon}: true of a page that KSM has merged, too. */
    public boolean isAnon() {
        return head.mapping instanceof AnonVma || head.mapping instanceof KsmNode;
    }

    /** {@code PageKsm}. */
    public boolean isKsm() {
        return head.mapping instanceof KsmNode;
    }

    @Nullable
    PageMapping mapping() {
        return head.mapping;
    }

    long index() {
        return head.index;
    }

    void setMapping(@Nullable PageMapping newMapping, long newIndex) {
        head.mapping = newMapping;
        head.index = newIndex;
    }

    // Content.

    /** The content of grain {@code grain}, 0 to 7. */
    public long grain(int grain) {
        return grains[grain];
    }

    void setGrain(int grain, long value) {
        grains[grain] = value;
    }

    /** Sets each grain {@code i} to {@code stamp + i}. */
    void fill(long stamp) {
        for (int i = 0; i < GRAINS; i++) {
            grains[i] = stamp + i;
        }
    }

    void zero() {
        Arrays.fill(grains, 0);
    }

    void copyAll(PageFrame from) {
        System.arraycopy(from.grains, 0, grains, 0, GRAINS);
    }

    /** Offsets and length in bytes. */
    void copy(PageFrame from, int fromOffset, int offset, int length) {
        System.arraycopy(from.grains, fromOffset / GRAIN_BYTES, grains, offset / GRAIN_BYTES, length / GRAIN_BYTES);
    }

    @Override
    public String toString() {
        StringBuilder text = new StringBuilder("frame ").append(number).append('[');
        text.append("count ").append(refCount()).append(", mapcount ").append(mapCount);
        text.append(isKsm() ? ", ksm" : isAnon() ? ", anon" : mapping() != null ? ", file" : "");
        for (PageFlag flag : PageFlag.values()) {
            text.append(is(flag) ? " " + flag : "");
        }
        return text.append(']').toString();
    }
}
