package io.pageflip.metrics;

import com.fasterxml.jackson.annotation.JsonValue;

/** Who has the guest when a migration is over. */
public enum Owner {
    /** The guest runs on at the source, or ran on there until it was ended. */
    SOURCE("source"),
    /** The guest has arrived. */
    DESTINATION("destination"),
    /** The guest is lost: the agent that owned it has died, or its pages are gone. */
    NOBODY("nobody"),
    /** Reported only by a destination whose source has gone: it cannot know what became of the guest there. */
    UNKNOWN("unknown"),
    /** The run ended before there was a running guest, so that there is nothing to own and nothing to lose. */
    NOBODY_YET("nobody-yet");

    private final String label;

    Owner(String label) {
        this.label = label;
    }

    /** As reports write it. */
    @JsonValue
    @Override
    public String toString() {
        return label;
    }
}
