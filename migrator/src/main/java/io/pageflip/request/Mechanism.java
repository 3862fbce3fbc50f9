package io.pageflip.request;

/** How one page crosses. */
public enum Mechanism {
    /**
     * Page table operations on a shared memfd: {@code MADV_DONTNEED} at the source, {@code UFFDIO_CONTINUE} at the
     * destination.
     */
    FLIP("flip"),
    /** vmsplice(2) with {@code SPLICE_F_GIFT} into a pipe, and with {@code SPLICE_F_MOVE} out of it. */
    GIFT("gift"),
    /** write(2) and read(2) through the channel. */
    STREAM("stream"),
    /** process_vm_readv(2) by the destination. */
    PULL("pull"),
    /**
     * splice(2) with {@code SPLICE_F_MOVE} out of a file's page cache into that of a FUSE file, which the destination
     * maps.
     */
    FUSE("fuse");

    private final String label;

    Mechanism(String label) {
        this.label = label;
    }

    /** Whether this mechanism moves pages on some kernel, so that frame numbers are evidence. */
    public boolean moves() {
        return this == FLIP || this == GIFT || this == FUSE;
    }

    /** As options and reports write it. */
    @Override
    public String toString() {
        return label;
    }
}
