package io.pageflip.metrics;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonValue;
import io.pageflip.verification.Verification;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The result of comparing the guest's content with what it must be.
 *
 * @param found what the comparison found; null if the user did not want one
 */
public record VerificationResult(@Nullable Verification found) {
    /** The result if the user did not want a comparison. */
    public static final VerificationResult SKIPPED = new VerificationResult(null);

    /** How a verification ended. */
    public enum Status {
        MATCH("match"),
        MISMATCH("mismatch"),
        SKIPPED("skipped");

        private final String label;

        Status(String label) {
            this.label = label;
        }

        /** As reports write it. */
        @JsonValue
        @Override
        public String toString() {
            return label;
        }
    }

    public static VerificationResult of(Verification found) {
        return new VerificationResult(found);
    }

    public Status status() {
        return found == null ? Status.SKIPPED : found.matches() ? Status.MATCH : Status.MISMATCH;
    }

    /** Whether a difference was found. */
    public boolean mismatch() {
        return status() == Status.MISMATCH;
    }

    @JsonValue
    Json json() {
        Verification v = found;
        return v == null
                ? new Json(status(), 0, 0, 0, 0, 0, null, null, null)
                : new Json(
                        status(),
                        v.pages(),
                        v.lost(),
                        v.stale(),
                        v.torn(),
                        v.misplaced(),
                        v.vcpus(),
                        v.console(),
                        v.consoleLines());
    }

    @JsonCreator(mode = JsonCreator.Mode.DELEGATING)
    static VerificationResult of(Json json) {
        VerificationResult result = json.status == Status.SKIPPED ? SKIPPED : of(json.found());
        if (result.status() != json.status) {
            throw new IllegalArgumentException("a verification of status " + json.status + " that found " + result);
        }
        return result;
    }

    /** The form in JSON: if nothing was compared, counts are 0 and the answers absent. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    record Json(
            Status status,
            long pages,
            long lost,
            long stale,
            long torn,
            long misplaced,
            @Nullable Boolean vcpus,
            @Nullable Boolean console,
            @Nullable Long consoleLines) {
        private Verification found() {
            return new Verification(
                    pages,
                    lost,
                    stale,
                    torn,
                    misplaced,
                    Objects.requireNonNull(vcpus),
                    Objects.requireNonNull(console),
                    Objects.requireNonNull(consoleLines));
        }
    }
}
