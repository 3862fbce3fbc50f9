package io.pageflip.kernel.workload;

/** The condition of a page of the guest when it is to be moved. Each page has exactly one. */
public enum Condition {
    /** None of the others. */
    PLAIN("plain"),
    /** A part of a transparent huge page of 2 MiB. */
    HUGE("thp"),
    /** Another process has it, too: a forked child or, for a page of a file, a process that maps the file. */
    FORKED("forked"),
    /** KSM has merged it with an equal page of another guest. */
    KSM("ksm"),
    /** A device holds it. */
    PINNED("pinned"),
    /** It was swapped out. Where RAM is a file: it is a page of shared memory, which goes to swap, not to a disk. */
    SWAPPED("swapped"),
    /** It is not handed over as one whole page, from its start on. */
    UNALIGNED("unaligned");

    private final String label;

    Condition(String label) {
        this.label = label;
    }

    /** The name in options. */
    @Override
    public String toString() {
        return label;
    }
}
