package io.pageflip.kernel.workload;

/** What a page of the guest is like when it is to be moved: one of these each. */
public enum Condition {
    /** Nothing is the matter with it. */
    PLAIN("plain"),
    /** A part of a transparent huge page of 2 MiB. */
    HUGE("thp"),
    /** Another process has it as well: a forked child; of a file's page, somebody who maps it. */
    FORKED("forked"),
    /** KSM has merged it with an equal page of another guest. */
    KSM("ksm"),
    /** A device holds it. */
    PINNED("pinned"),
    /** It was swapped out; where RAM is a file: it is shared memory, whose pages go to swap and to no disk. */
    SWAPPED("swapped"),
    /** It is handed over in another shape than one whole page, from its start on. */
    UNALIGNED("unaligned");

    private final String label;

    Condition(String label) {
        this.label = label;
    }

    /** As options write it. */
    @Override
    public String toString() {
        return label;
    }
}
