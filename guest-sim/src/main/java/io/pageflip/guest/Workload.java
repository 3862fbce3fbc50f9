package io.pageflip.guest;

/** How a vCPU chooses the page that it writes next. */
public enum Workload {
    /** It writes none: vCPUs only store their heartbeats. */
    IDLE("idle"),
    /** One page after the other, and again from the start. */
    SEQUENTIAL("sequential"),
    /** Any page, all with the same probability. */
    UNIFORM("uniform"),
    /** Nine of ten writes in a small part of the pages, the rest anywhere. */
    HOTSET("hotset");

    private final String label;

    Workload(String label) {
        this.label = label;
    }

    /** The name in options and reports. */
    @Override
    public String toString() {
        return label;
    }
}
