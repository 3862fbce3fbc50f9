package io.pageflip.wire;

/** How one page crosses. */
public enum Mechanism {
    /** Page table operations on a shared memfd: {@code MADV_DONTNEED} here, {@code UFFDIO_CONTINUE} there. */
    FLIP(1, "flip"),
    /** vmsplice(2) with {@code SPLICE_F_GIFT} into a pipe, with {@code SPLICE_F_MOVE} out of it. */
    GIFT(2, "gift"),
    /** write(2) and read(2) through the channel. */
    STREAM(3, "stream"),
    /** process_vm_readv(2) by the destination. */
    PULL(4, "pull");

    private final int code;
    private final String label;

    Mechanism(int code, String label) {
        this.code = code;
        this.label = label;
    }

    int code() {
        return code;
    }

    /** As options and reports write it. */
    @Override
    public String toString() {
        return label;
    }
}
