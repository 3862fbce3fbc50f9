package io.pageflip.metrics;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.annotation.JsonValue;

/**
 * Why a migration did not end as it should.
 *
 * @param kind the kind of failure, for programs; {@code class} in JSON
 * @param message a sentence for a person
 */
public record Failure(@JsonProperty("class") Kind kind, String message) {
    /** What went wrong, as exit codes and scripts tell it apart. */
    public enum Kind {
        /** The request makes no sense. */
        USAGE("usage"),
        /** The host lacks what was asked for. */
        HOST_LACKS("host-lacks"),
        /** Somebody cancelled the migration. */
        CANCELLED("cancelled"),
        /** The guest wrote faster than its pages could be copied, and the user had asked to cancel then. */
        NOT_CONVERGED("not-converged"),
        /** Anything else that broke before the guest changed hands. */
        MIGRATION_FAILED("migration-failed"),
        /** Nobody has the guest any more. */
        GUEST_LOST("guest-lost"),
        /** The guest is at the destination, but the destination's report did not come. */
        NO_REPORT("no-report");

        private final String label;

        Kind(String label) {
            this.label = label;
        }

        /** As reports write it. */
        @JsonValue
        @Override
        public String toString() {
            return label;
        }
    }

    /** A failure with the message of what was thrown. */
    public static Failure of(Kind kind, Exception cause) {
        return new Failure(kind, String.valueOf(cause.getMessage()));
    }
}
