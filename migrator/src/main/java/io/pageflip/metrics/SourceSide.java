package io.pageflip.metrics;

import com.fasterxml.jackson.annotation.JsonInclude;
import io.pageflip.ram.Adoption;
import org.jspecify.annotations.Nullable;

/**
 * What only the source knows of a migration. A part is null where the migration had no such thing or never reached it.
 *
 * @param peakPssBytes the larger of the sums of both agents' PSS when they were ready and when the guest had resumed; 0
 *     if not known; null if the guest did not arrive
 * @param precopy the rounds
 * @param adopt how private RAM became shared before, as far as it came
 * @param fuse what the source's FUSE file cost
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record SourceSide(
        @Nullable Long peakPssBytes,
        @Nullable PrecopyResult precopy,
        Adoption.@Nullable Figures adopt,
        @Nullable FuseResult fuse) {
    /** Nothing: what a destination says, and a source that had nothing to tell. */
    public static final SourceSide NONE = new SourceSide(null, null, null, null);

    /** Of a guest that arrived. */
    public static SourceSide arrived(long peakPssBytes) {
        return new SourceSide(peakPssBytes, null, null, null);
    }

    /** Whether the guest arrived, and the destination told of it. */
    public boolean hasArrived() {
        return peakPssBytes != null;
    }

    /** The same, with a precopy's rounds. */
    public SourceSide withPrecopy(PrecopyResult rounds) {
        return new SourceSide(peakPssBytes, rounds, adopt, fuse);
    }

    /** The same, with an adoption. */
    public SourceSide withAdopt(Adoption.Figures figures) {
        return new SourceSide(peakPssBytes, precopy, figures, fuse);
    }

    /** The same, with what the FUSE file cost. */
    public SourceSide withFuse(FuseResult figures) {
        return new SourceSide(peakPssBytes, precopy, adopt, figures);
    }
}
