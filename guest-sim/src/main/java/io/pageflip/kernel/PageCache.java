package io.pageflip.kernel;

import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The pages of one file that are in memory ({@code struct address_space}, mm/filemap.c), and the two attributes of its
 * inode that the model needs. A file of shared memory (tmpfs, memfd) has pages that go to swap.
 */
public final class PageCache implements PageMapping {
    private final Kernel kernel;
    private final boolean sharedMemory;
    private final Map<Long, PageFrame> pages = new HashMap<>();
    private long sizeBytes;
    private int attributeInvalidations;

    PageCache(Kernel kernel, boolean sharedMemory, long sizeBytes) {
        this.kernel = kernel;
        this.sharedMemory = sharedMemory;
        this.sizeBytes = sizeBytes;
    }

    /** The file's size, as stored in its inode. */
    public long sizeBytes() {
        return sizeBytes;
    }

    void setSizeBytes(long newSizeBytes) {
        sizeBytes = newSizeBytes;
    }

    /** How often the inode's attributes were declared out of date ({@code fuse_invalidate_attr}). */
    public int attributeInvalidations() {
        return attributeInvalidations;
    }

    void invalidateAttributes() {
        attributeInvalidations++;
    }

    /** All cached pages. */
    Collection<PageFrame> cached() {
        return pages.values();
    }

    /** {@code find_get_page} without the reference: the page at that place, in pages; null if none is cached. */
    public @Nullable PageFrame find(long index) {
        return pages.get(index);
    }

    /**
     * The page, up to date. If it is not cached, it is read from the disk, where it is all zeros. Null if there is no
     * memory.
     */
    @Nullable
    PageFrame read(long index) {
        PageFrame page = pages.get(index);
        if (page == null) {
            page = kernel.allocator().allocZeroed();
            if (page == null) {
                return null;
            }
            add(page, index);
            page.set(PageFlag.UPTODATE);
            page.set(PageFlag.LRU);
            page.put();
        }
        return page;
    }

    /** As {@link #read}, and {@linkplain PageFrame#fill fills} the page. */
    public PageFrame populate(long index, long stamp) {
        PageFrame page = read(index);
        if (page == null) {
            throw new IllegalStateException("the machine has no frame left");
        }
        page.fill(stamp);
        return page;
    }

    /** {@code add_to_page_cache_locked}, which takes a reference of its own. 0, or {@code -EEXIST}. */
    int add(PageFrame page, long index) {
        if (pages.putIfAbsent(index, page) != null) {
            return Errno.EEXIST.result();
        }
        page.get();
        page.setMapping(this, index);
        if (sharedMemory) {
            page.set(PageFlag.SWAPBACKED);
        }
        return 0;
    }

    /** {@code remove_from_page_cache}: the caller has locked the page, and puts the cache's reference. */
    void remove(PageFrame page) {
        if (!page.is(PageFlag.LOCKED)) {
            throw new KernelBugException("remove_from_page_cache of an unlocked page: " + page);
        }
        if (pages.remove(page.index(), page)) {
            page.setMapping(null, page.index());
        }
    }

    /** {@code remove_mapping}: takes a clean page out if nobody but the cache and the caller holds it. */
    boolean removeMapping(PageFrame page) {
        if (page.refCount() != 2 || page.is(PageFlag.DIRTY)) {
            return false;
        }
        remove(page);
        page.put();
        return true;
    }

    /** Every page of the file leaves the cache, as when the file is gone. */
    public void truncate() {
        for (PageFrame page : List.copyOf(pages.values())) {
            page.lock();
            remove(page);
            page.unlock();
            page.put();
        }
    }
}
