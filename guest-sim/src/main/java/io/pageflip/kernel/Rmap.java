package io.pageflip.kernel;

/** The reverse mapping: from a page to where it is mapped (mm/rmap.c). */
final class Rmap {
    private Rmap() {}

    /**
     * {@code page_add_anon_rmap}: a page that is anonymous already keeps its anon_vma and index, right or wrong
     * ({@code __page_set_anon_rmap} returns at once).
     */
    static void addAnon(PageFrame page, Vma vma, long address) {
        page.addMapping();
        if (!page.isAnon()) {
            moveAnon(page, vma, address);
        }
    }

    /** {@code page_move_anon_rmap}, and the index: the page is found through this mapping from now on. */
    static void moveAnon(PageFrame page, Vma vma, long address) {
        AnonVma anonVma = vma.anonVma();
        if (anonVma == null) {
            throw new KernelBugException("an anonymous page is mapped where there is no anon_vma");
        }
        page.setMapping(anonVma, vma.pageIndex(address));
    }

    /** Whether the reverse mapping would lead the kernel from the page to {@code address} in {@code vma}. */
    static boolean leadsTo(PageFrame page, Vma vma, long address) {
        AnonVma anonVma = vma.anonVma();
        return anonVma != null
                && page.mapping() instanceof AnonVma mapping
                && mapping.root() == anonVma.root()
                && page.index() == vma.pageIndex(address);
    }
}
