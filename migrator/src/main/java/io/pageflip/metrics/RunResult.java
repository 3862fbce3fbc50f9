package io.pageflip.metrics;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyOrder;
import com.fasterxml.jackson.annotation.JsonUnwrapped;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The result of one migration: an element of {@code runs} in the JSON report. There the parts are merged into one
 * object, field names become kebab-case, and null fields are absent. Names are QEMU's ({@code query-migrate}) where
 * QEMU has them.
 *
 * <p>To add a figure, add it to the record of the agent that measures it: {@link Measured} or {@link SourceSide}. Its
 * name carries it into JSON, and through a peer's report and back.
 *
 * @param status how it ended: {@code COMPLETED}, {@code FAILED}, {@code CANCELLED} or {@code LOST}
 * @param owner who has the guest now
 * @param measured the destination's figures; null unless the migration completed and they are known
 * @param verification of the guest, by the agent that has it; null if the guest never ran or is lost
 * @param source what only the source knows
 * @param error why the migration did not complete, or why the figures of a completed one are missing
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
@JsonPropertyOrder({"status", "owner", "measured", "verification", "source", "error"})
public record RunResult(
        MigrationStatus status,
        Owner owner,
        @JsonUnwrapped @Nullable Measured measured,
        @Nullable VerificationResult verification,
        @JsonUnwrapped SourceSide source,
        @Nullable Failure error) {

    /** @throws IllegalArgumentException if the parts contradict each other */
    public RunResult {
        boolean together = switch (status) {
            case COMPLETED -> owner == Owner.DESTINATION;
            case FAILED, CANCELLED ->
                error != null && (owner == Owner.SOURCE || owner == Owner.UNKNOWN || owner == Owner.NOBODY_YET);
            case LOST -> error != null && owner == Owner.NOBODY;
            case SETUP, ACTIVE, DEVICE -> false;
        };
        if (!together
                || (measured != null && status != MigrationStatus.COMPLETED)
                || (measured != null && verification == null)
                || (verification != null && owner == Owner.NOBODY_YET)) {
            throw new IllegalArgumentException("no result of a migration: " + status + ", owner " + owner
                    + (measured == null ? "" : ", measured") + (verification == null ? "" : ", verified")
                    + (error == null ? ", no error" : ", " + error.kind()));
        }
    }

    /** A completed migration, with the destination's figures. */
    public static RunResult completed(Measured measured, VerificationResult verification) {
        return new RunResult(
                MigrationStatus.COMPLETED, Owner.DESTINATION, measured, verification, SourceSide.NONE, null);
    }

    /**
     * A completed migration whose figures are not known.
     *
     * @param why why they are not known; null if the destination had no way to send them
     */
    public static RunResult unreported(@Nullable Failure why) {
        return new RunResult(MigrationStatus.COMPLETED, Owner.DESTINATION, null, null, SourceSide.NONE, why);
    }

    /** A completed migration of a guest that runs, or ran, at the destination, and whose figures are not known. */
    public static RunResult unmeasured(VerificationResult verification, Failure why) {
        return new RunResult(MigrationStatus.COMPLETED, Owner.DESTINATION, null, verification, SourceSide.NONE, why);
    }

    /**
     * A migration that ended before the guest changed hands.
     *
     * @param status {@code FAILED} or {@code CANCELLED}
     * @param owner not the destination
     * @param verification of the guest, if it ran on
     */
    public static RunResult ended(
            MigrationStatus status, Owner owner, @Nullable VerificationResult verification, Failure error) {
        return new RunResult(status, owner, null, verification, SourceSide.NONE, error);
    }

    /** A migration after which nobody has the guest. */
    public static RunResult lost(String why) {
        return new RunResult(
                MigrationStatus.LOST,
                Owner.NOBODY,
                null,
                null,
                SourceSide.NONE,
                new Failure(Failure.Kind.GUEST_LOST, why));
    }

    /** This result, with the source's figures. */
    public RunResult with(SourceSide known) {
        return new RunResult(status, owner, measured, verification, known, error);
    }

    /** This result, with the reason that the other agent gave, which knows it better. */
    public RunResult withError(Failure reason) {
        return new RunResult(status, owner, measured, verification, source, reason);
    }

    /**
     * Reads a result from JSON, which has the phases of the downtime if and only if it has the destination's figures.
     */
    @JsonCreator(mode = JsonCreator.Mode.DELEGATING)
    static RunResult read(JsonNode json) throws JsonProcessingException {
        return new RunResult(
                Objects.requireNonNull(part(json.get("status"), MigrationStatus.class), "status"),
                Objects.requireNonNull(part(json.get("owner"), Owner.class), "owner"),
                json.has("downtime-phases-ns") ? part(json, Measured.class) : null,
                part(json.get("verification"), VerificationResult.class),
                Objects.requireNonNull(part(json, SourceSide.class)),
                part(json.get("error"), Failure.class));
    }

    private static <T> @Nullable T part(@Nullable JsonNode json, Class<T> type) throws JsonProcessingException {
        return json == null ? null : ResultJson.MAPPER.treeToValue(json, type);
    }
}
