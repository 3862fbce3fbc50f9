package io.pageflip.metrics;

import com.fasterxml.jackson.annotation.JsonValue;

/**
 * Why the kernel declined to move a page of which no byte was copied either: the memfd that holds it is mapped at the
 * destination anyway, so that the guest finds the page there, in the frame where it lay. Exactly one a declined page.
 */
public enum DeclineReason {
    /** The destination's page table entry was taken (000: {@code pte_present}; 002: {@code -EBUSY}). */
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
