package io.pageflip.kernel;

import io.pageflip.kernel.PageTable.Entries;

/** Kernel samepage merging (mm/ksm.c): equal anonymous pages become one, which nobody may write without a copy. */
public final class Ksm {
    private Ksm() {}

    /**
     * {@code try_to_merge_with_ksm_page} of the pages at two addresses: false if they are not two equal anonymous
     * pages.
     */
    public static boolean merge(AddressSpace keeper, long keptAt, AddressSpace giver, long givenAt) {
        Entries kept = keeper.pageTable().find(keptAt);
        Entries given = giver.pageTable().find(givenAt);
        PageFrame page = keeper.mappedPage(keptAt);
        PageFrame twin = giver.mappedPage(givenAt);
        if (kept == null || given == null || page == null || twin == null || page == twin || !mergeable(page, twin)) {
            return false;
        }
        page.setMapping(new KsmNode(), page.index());
        kept.remove(PageTable.index(keptAt), Entries.WRITE);
        page.get();
        page.addMapping();
        giver.countAnonPage();
        given.set(PageTable.index(givenAt), page, 0);
        giver.unmapped(twin);
        return true;
    }

    private static boolean mergeable(PageFrame page, PageFrame twin) {
        for (int i = 0; i < PageFrame.GRAINS; i++) {
            if (page.grain(i) != twin.grain(i)) {
                return false;
            }
        }
        return isSmallAnon(page) && isSmallAnon(twin) && page.mapCount() == 1;
    }

    private static boolean isSmallAnon(PageFrame page) {
        return page.isAnon() && !page.isCompound() && !page.is(PageFlag.SWAPCACHE);
    }
}
