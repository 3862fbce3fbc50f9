package io.pageflip.ram;

import io.pageflip.memory.BasePage;
import io.pageflip.os.Mapping;

/** The kind of memory that a RAM block lies in. */
public enum Backing {
    /** A sealed memfd of 4 KiB pages, mapped shared. */
    MEMFD("memfd", BasePage.BYTES),
    /** Private anonymous memory of 4 KiB pages: what most virtual machines were started with. */
    ANONYMOUS("anonymous", BasePage.BYTES),
    /** A sealed memfd of 2 MiB pages, which the administrator has reserved. */
    HUGETLB("hugetlb", Mapping.HUGE_PAGE),
    /** A file on a disk without a name, mapped shared: its pages are those of a page cache. */
    FILE("file", BasePage.BYTES);

    private final String label;
    private final int pageBytes;

    Backing(String label, int pageBytes) {
        this.label = label;
        this.pageBytes = pageBytes;
    }

    /** The size of a page of this memory. Moves, counts and batches are in such pages. */
    public int pageBytes() {
        return pageBytes;
    }

    /** Whether it is a memfd, whose frames another process can map. */
    public boolean shareable() {
        return this == MEMFD || this == HUGETLB;
    }

    /** The name in options and reports. */
    @Override
    public String toString() {
        return label;
    }
}
