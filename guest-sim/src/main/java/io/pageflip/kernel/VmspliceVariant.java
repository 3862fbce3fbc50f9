package io.pageflip.kernel;

/** Which implementation of vmsplice(2) runs. */
public enum VmspliceVariant {
    /** Linux 6.1 without the patches: it ignores the flag, and copies. */
    STOCK("stock"),
    /**
     * The patches as posted in 2013, on the kernel of their time, Linux 3.12 (004, 000); with one difference: a huge
     * page stays one when the writer loses a part of it, as the authors assumed. (Kernels before 4.5 split it then.)
     */
    AS_POSTED("vmsplice-move"),
    /** The same idea on Linux 6.1, with the conditions that the posted code leaves out. */
    FIXED("vmsplice-move-fixed");

    private final String label;

    VmspliceVariant(String label) {
        this.label = label;
    }

    /** The name in options and reports. */
    @Override
    public String toString() {
        return label;
    }
}
