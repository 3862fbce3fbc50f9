package io.pageflip.request;

/** When pages cross. */
public enum Schedule {
    /** The guest is paused while every page crosses: the local upgrade of 2013. The downtime grows with RAM. */
    STOP_AND_MOVE("stop-and-move"),
    /**
     * The destination maps every page while the guest still runs at the source; then only its state crosses. The
     * downtime does not depend on RAM. For {@link Mechanism#FLIP}.
     */
    HANDOVER("handover"),
    /**
     * Only the guest's state crosses while it is paused; the destination maps a page when the guest touches it there,
     * and the others in the background. The downtime does not depend on RAM. The report also has the blackout, until
     * the guest really executes, and the time until it has all its pages. For {@link Mechanism#FLIP}, and for
     * {@link Mechanism#PULL}, which copies the pages out of the source's memory, and needs the source until it has the
     * last one.
     */
    POSTCOPY("postcopy"),
    /**
     * Pages are copied while the guest runs, in rounds: first all, then those that the guest has written since the last
     * round. The guest is paused for the last round. The downtime grows with the rate at which the guest writes. For
     * the mechanisms that copy.
     */
    PRECOPY("precopy");

    private final String label;

    Schedule(String label) {
        this.label = label;
    }

    /**
     * Whether the source announces all pages before it pauses the guest, so that only pages written since then cross
     * during the pause. With {@link Mechanism#FLIP} both agents have all pages at the switchover: they share those that
     * can be shared, and the others were copied. With {@link Mechanism#PULL} nothing is shared: the destination fetches
     * every page afterwards.
     */
    public boolean announcesAllBeforePause() {
        return this == HANDOVER || this == POSTCOPY;
    }

    /** As options and reports write it. */
    @Override
    public String toString() {
        return label;
    }
}
