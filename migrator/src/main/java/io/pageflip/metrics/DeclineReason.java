package io.pageflip.metrics;

import com.fasterxml.jackson.annotation.JsonValue;

/**
 * Why the kernel declined to move a page that was not copied either: the memfd that holds the page is mapped at the
 * destination anyway, so that the guest finds it there, in the same frame. Each declined page has exactly one reason.
 */
public enum DeclineReason {
    /** The destination had a page table entry there already (000: {@code pte_present}; 002: {@code -EBUSY}). */
    ALREADY_PRESENT("already-present"),
    /** No userfaultfd that could take the page was registered at the destination (000: {@code find_vma}). */
    NO_MAPPING("no-mapping");

    private final String label;

    DeclineReason(String label) {
        this.label = label;
    }

    /** As reports write it. */
    @JsonValue
    @Override
    public String toString() {
        return label;
    }
}
