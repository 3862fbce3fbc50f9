package io.pageflip.kernel.workload;

import io.pageflip.kernel.VmspliceVariant;

/** The kernel whose code moves the guest's pages, as {@code --kernel} names it. */
public enum SimulatedKernel {
    /** vmsplice of a kernel without the patches: every page is copied. */
    STOCK(VmspliceVariant.STOCK.toString()),
    /** vmsplice with the patches of 2013, as posted (004, 000). */
    VMSPLICE_MOVE(VmspliceVariant.AS_POSTED.toString()),
    /** The same idea, with the conditions that the posted code leaves out. */
    VMSPLICE_MOVE_FIXED(VmspliceVariant.FIXED.toString()),
    /** Pages of a file become those of a FUSE file (001). */
    FUSE_MOVE("fuse-move"),
    /** Pages under input or output are inserted as special entries, and stay where they are, too (002). */
    INSERT_SPECIAL("insert-special"),
    /** Pages of a file become those of another, by a write from a pipe (003). */
    PIPE_ITER("pipe-iter");

    private final String label;

    SimulatedKernel(String label) {
        this.label = label;
    }

    /** A machine with this kernel; {@code use} matters only to the kernels that simulate vmsplice. */
    Machine newMachine(VmspliceUse use) {
        return switch (this) {
            case STOCK -> new VmspliceMachine(VmspliceVariant.STOCK, use);
            case VMSPLICE_MOVE -> new VmspliceMachine(VmspliceVariant.AS_POSTED, use);
            case VMSPLICE_MOVE_FIXED -> new VmspliceMachine(VmspliceVariant.FIXED, use);
            case FUSE_MOVE -> new FuseMachine();
            case INSERT_SPECIAL -> new InsertMachine();
            case PIPE_ITER -> new PipeIterMachine();
        };
    }

    /** The name in options and reports. */
    @Override
    public String toString() {
        return label;
    }
}
