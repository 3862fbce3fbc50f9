package io.pageflip.kernel;

/** Whose vmsplice(2) it is. */
public enum VmspliceVariant {
    /** A kernel without the patches, Linux 6.1 in all else: it ignores the flag, and copies. */
    STOCK("stock"),
    /**
     * The patches as posted in 2013, on the kernel of their time, Linux 3.12 (004, 000); only that a huge page stays
     * one when the writer loses a part of it, as the authors took for granted. (Kernels before 4.5 split it then.)
     */
    AS_POSTED("vmsplice-move"),
    /** The same idea on Linux 6.1, with the conditions that the posted code leaves out. */
    FIXED("vmsplice-move-fixed");

    private final String label;

    VmspliceVariant(String label) {
        this.label = label;
    }

    /** As options and reports write it. */
    @Override
    public String toString() {
        return label;
    }
}
