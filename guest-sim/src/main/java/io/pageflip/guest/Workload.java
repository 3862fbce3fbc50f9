package io.pageflip.guest;

/** Which page a vCPU writes next. */
public enum Workload {
    /** None: vCPUs only beat. */
    IDLE("idle"),
    /** One after the other, and again from the start. */
    SEQUENTIAL("sequential"),
    /** Any, all alike. */
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
