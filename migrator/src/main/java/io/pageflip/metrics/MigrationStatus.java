package io.pageflip.metrics;

/** Where a migration is, or how it ended: QEMU's {@code MigrationStatus}, and {@link #LOST}. */
public enum MigrationStatus {
    /** Both sides get ready; the guest runs at the source. */
    SETUP("setup"),
    /** Pages cross. */
    ACTIVE("active"),
    /** The guest's state crosses and its owner changes. */
    DEVICE("device"),
    /** The guest runs at the destination. */
    COMPLETED("completed"),
    /** The guest lives on at the source. */
    FAILED("failed"),
    /** The guest lives on at the source, because somebody cancelled the migration. */
    CANCELLED("cancelled"),
    /** Nobody has the guest: the agent that owned it has died, or its pages are gone. */
    LOST("lost");

    private final String label;

    MigrationStatus(String label) {
        this.label = label;
    }

    /** As reports write it. */
    @com.fasterxml.jackson.annotation.JsonValue
    @Override
    public String toString() {
        return label;
    }
}
