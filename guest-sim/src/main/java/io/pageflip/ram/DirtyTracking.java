package io.pageflip.ram;

/** How a guest's writes are recorded. */
public enum DirtyTracking {
    /**
     * The kernel records them: userfaultfd {@code WP_ASYNC} and {@code PAGEMAP_SCAN} (Linux 6.7). Works for every
     * backing.
     */
    WRITE_PROTECT("write-protect"),
    /** The vCPUs record them, as those of an emulator do. Needs nothing of the host. */
    LOG("log");

    private final String label;

    DirtyTracking(String label) {
        this.label = label;
    }

    /** The name in options and reports. */
    @Override
    public String toString() {
        return label;
    }
}
