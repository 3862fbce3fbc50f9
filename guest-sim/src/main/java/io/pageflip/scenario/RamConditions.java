package io.pageflip.scenario;

import io.pageflip.memory.BasePage;
import io.pageflip.memory.PageBitmap;
import io.pageflip.os.Mapping;
import io.pageflip.ram.Backing;

/**
 * The parts of guest RAM whose pages the kernel cannot simply move, by reason, in percent of RAM; together at most 100.
 * The percentages are approximate: RAM is cut into at most 2,048 regions, and a region either consists of huge pages,
 * or has pages of all other kinds.
 *
 * @param thpPercent private memory in transparent huge pages
 * @param forkedPercent private memory that a forked child has, too
 * @param unalignedPercent private memory each page of which is handed over in two pieces
 * @param presentPercent parts of a memfd that the destination has mapped already when they are handed over
 * @param unmappedPercent parts of a memfd that the destination cannot take: they are not registered with its
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

    /** Whether RAM with this backing can have these pages. */
    public boolean fit(Backing backing) {
        boolean inFile = presentPercent + unmappedPercent > 0;
        return allPlain() || backing == (inFile ? Backing.MEMFD : Backing.ANONYMOUS);
    }

    /** Of {@code pages} pages, those that lie in huge pages. */
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

    /** Of {@code pages} pages, those that a child has, too; never page 0, which the guest writes all the time. */
    public PageBitmap forked(long pages) {
        return slice(pages, 0, forkedPercent);
    }

    /** Of {@code pages} pages, those that are handed over in two pieces. */
    public PageBitmap unaligned(long pages) {
        return slice(pages, forkedPercent, forkedPercent + unalignedPercent);
    }

    /** Of {@code pages} pages, those that the destination has mapped already. */
    public PageBitmap present(long pages) {
        return slice(pages, 0, presentPercent);
    }

    /** Of {@code pages} pages, those that the destination cannot take. */
    public PageBitmap unmapped(long pages) {
        return slice(pages, presentPercent, presentPercent + unmappedPercent);
    }

    /** The pages from one percentage to another of each region that is not huge, without the region's first page. */
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
