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
 * What one migration came to: an element of {@code runs} in the JSON report. There, the parts lie side by side in one
 * object, field names become kebab-case, and what is null is absent. Names are QEMU's ({@code query-migrate}) where it
 * has them.
 *
 * <p>A figure is added to the record of whoever measures it, {@link Measured} or {@link SourceSide}, and goes from
 * there into JSON, through a peer's report and back, by its name.
 *
 * @param status how it ended: {@code COMPLETED}, {@code FAILED}, {@code CANCELLED} or {@code LOST}
 * @param owner who has the guest now
 * @param measured by the destination; null unless the migration completed and its figures are known
 * @param verification of the guest by whoever has it; null if the guest never ran or is lost
 * @param source what only the source knows
 * @param error why it did not complete, or why the figures of a completed one are missing
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

    /** @throws IllegalArgumentException if the parts are not of one result */
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

    /** The guest is at the destination, which measured the migration. */
    public static RunResult completed(Measured measured, VerificationResult verification) {
        return new RunResult(
                MigrationStatus.COMPLETED, Owner.DESTINATION, measured, verification, SourceSide.NONE, null);
    }

    /**
     * The guest is at the destination, whose figures are not known.
     *
     * @param why null if the destination had no way to tell them
     */
    public static RunResult unreported(@Nullable Failure why) {
        return new RunResult(MigrationStatus.COMPLETED, Owner.DESTINATION, null, null, SourceSide.NONE, why);
    }

    /**
     * The guest has not changed hands.
     *
     * @param status {@code FAILED} or {@code CANCELLED}
     * @param owner not the destination
     * @param verification of the guest, if it ran on
     */
    public static RunResult ended(
            MigrationStatus status, Owner owner, @Nullable VerificationResult verification, Failure error) {
        return new RunResult(status, owner, null, verification, SourceSide.NONE, error);
    }

    /** Nobody has the guest any more. */
    public static RunResult lost(String why) {
        return new RunResult(
                MigrationStatus.LOST,
                Owner.NOBODY,
                null,
                null,
                SourceSide.NONE,
                new Failure(Failure.Kind.GUEST_LOST, why));
    }

    /** The same, with what the source knows of it. */
    public RunResult with(SourceSide known) {
        return new RunResult(status, owner, measured, verification, known, error);
    }

    /** The same, with the reason that the other agent knows better. */
    public RunResult withError(Failure reason) {
        return new RunResult(status, owner, measured, verification, source, reason);
    }

    /** As JSON has it; the phases of the downtime are there if and only if the destination's figures are. */
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
