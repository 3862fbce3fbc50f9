package io.pageflip.wire;

/** When pages cross. */
public enum Schedule {
    /** The guest stands while every page crosses: the local upgrade of 2013. The downtime grows with RAM. */
    STOP_AND_MOVE("stop-and-move"),
    /**
     * The destination maps every page while the guest still runs at the source; then only its state crosses. The downtime does
     * not depend on RAM. For {@link Mechanism#FLIP}.
     */
    HANDOVER("handover"),
    /**
     * Pages are copied while the guest runs, in rounds over what it wrote meanwhile; it stands for the last round. The downtime
     * grows with the rate at which it writes. For the mechanisms that copy.
     */
    PRECOPY("precopy");

    private final String label;

    Schedule(String label) {
        this.label = label;
    }

    /** As options and reports write it. */
    @Override
    public String toString() {
        return label;
    }
}
