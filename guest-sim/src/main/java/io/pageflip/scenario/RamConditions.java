package io.pageflip.scenario;

import io.pageflip.memory.BasePage;
import io.pageflip.memory.PageBitmap;
import io.pageflip.os.Mapping;
import io.pageflip.ram.Backing;

/**
 * Which parts of guest RAM are not plain pages, as percents of it, 100 together at most: what keeps the kernel from
 * moving a page. The percentages are approximate: RAM is cut into at most 2,048 regions, and a region is huge pages
 * entirely, or has pages of all other kinds.
 *
 * @param thpPercent of private memory: in transparent huge pages
 * @param forkedPercent of private memory: that a forked child has, too
 * @param unalignedPercent of private memory: each page of which is handed over in two pieces
 * @param presentPercent of a memfd: that the destination has mapped already when it is handed over
 * @param unmappedPercent of a memfd: where the destination has nothing that could take a page: no range of its
 *     userfaultfd
 */
public record RamConditions(
        int thpPercent, int forkedPercent, int unalignedPercent, int presentPercent, int unmappedPercent) {
    /** Nothing but plain pages. */
    public static final RamConditions PLAIN = new RamConditions(0, 0, 0, 0, 0);

    /** Each makes up to four mappings, of which a process may have 65,530. */
    private static final long MOST_REGIONS = 2048;

    private static final int WHOLE = 100;

    public RamConditions {
        int least = Math.min(
                Math.min(thpPercent, forkedPercent),
                Math.min(unalignedPercent, Math.min(presentPercent, unmappedPercent)));
        if (least < 0 || thpPercent + forkedPercent + unalignedPercent + presentPercent + unmappedPercent > WHOLE) {
            throw new IllegalArgumentException("parts of RAM that do not add up: " + thpPercent + "%, " + forkedPercent
                    + "%, " + unalignedPercent + "%, " + presentPercent + "%, " + unmappedPercent + "%");
        }
        if (thpPercent + forkedPercent + unalignedPercent > 0 && presentPercent + unmappedPercent > 0) {
            throw new IllegalArgumentException("RAM that is both private memory and a memfd");
        }
    }

    /** Whether every page is plain. */
    public boolean allPlain() {
        return equals(PLAIN);
    }

    /** Whether RAM in such memory can have these pages. */
    public boolean fit(Backing backing) {
        boolean inFile = presentPercent + unmappedPercent > 0;
        return allPlain() || backing == (inFile ? Backing.MEMFD : Backing.ANONYMOUS);
    }

    /** Of so many pages, those that are in huge pages. */
    public PageBitmap huge(long pages) {
        if (thpPercent == 0) {
            return PageBitmap.empty(pages);
        }
        PageBitmap huge = new PageBitmap(pages);
        long region = regionPages(pages);
        for (long first = 0; first + region <= pages; first += region) {
            if (isHuge(first / region)) {
                huge.add(first, region);
            }
        }
        return huge;
    }

    /** Of so many pages, those that a child has, too; never page 0, which the guest writes all the time. */
    public PageBitmap forked(long pages) {
        return slice(pages, 0, forkedPercent);
    }

    /** Of so many pages, those that are handed over in two pieces. */
    public PageBitmap unaligned(long pages) {
        return slice(pages, forkedPercent, forkedPercent + unalignedPercent);
    }

    /** Of so many pages, those that the destination has mapped already. */
    public PageBitmap present(long pages) {
        return slice(pages, 0, presentPercent);
    }

    /** Of so many pages, those that nothing could take at the destination. */
    public PageBitmap unmapped(long pages) {
        return slice(pages, presentPercent, presentPercent + unmappedPercent);
    }

    /** From each region that is not huge the pages from one percentage to another, its first page left out. */
    private PageBitmap slice(long pages, int fromPercent, int toPercent) {
        if (toPercent == fromPercent) {
            return PageBitmap.empty(pages);
        }
        PageBitmap slice = new PageBitmap(pages);
        long region = regionPages(pages);
        for (long first = 0; first < pages; first += region) {
            long most = Math.min(region, pages - first) - 1;
            if (most == region - 1 && isHuge(first / region)) {
                continue;
            }
            long from = most * fromPercent / (WHOLE - thpPercent);
            long to = most * toPercent / (WHOLE - thpPercent);
            if (to > from) {
                slice.add(first + 1 + from, to - from);
            }
        }
        return slice;
    }

    private static long regionPages(long pages) {
        long hugePage = Mapping.HUGE_PAGE / BasePage.BYTES;
        return (pages / hugePage / MOST_REGIONS + 1) * hugePage;
    }

    private boolean isHuge(long region) {
        return (region + 1) * thpPercent / WHOLE > region * thpPercent / WHOLE;
    }
}
