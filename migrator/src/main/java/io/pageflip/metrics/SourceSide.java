package io.pageflip.metrics;

import com.fasterxml.jackson.annotation.JsonInclude;
import io.pageflip.ram.Adoption;
import org.jspecify.annotations.Nullable;

/**
 * The figures of a migration that only the source knows. A figure is null if the migration does not have it, or never
 * got so far.
 *
 * @param peakPssBytes the larger of two sums of both agents' PSS: when they were ready, and when the guest had resumed;
 *     0 if not known; null if the guest did not arrive
 * @param precopy the rounds
 * @param adopt how private RAM was adopted before, as far as that got
 * @param fuse what the source's FUSE file cost
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record SourceSide(
        @Nullable Long peakPssBytes,
        @Nullable PrecopyResult precopy,
        Adoption.@Nullable Figures adopt,
        @Nullable FuseResult fuse) {
    /** No figures: a destination has none, and some sources have none. */
    public static final SourceSide NONE = new SourceSide(null, null, null, null);

    /** The figures of a migration whose guest arrived. */
    public static SourceSide arrived(long peakPssBytes) {
        return new SourceSide(peakPssBytes, null, null, null);
    }

    /** Whether the guest arrived, and the destination said so. */
    public boolean hasArrived() {
        return peakPssBytes != null;
    }

    /** These figures, with a precopy's rounds. */
    public SourceSide withPrecopy(PrecopyResult rounds) {
        return new SourceSide(peakPssBytes, rounds, adopt, fuse);
    }

    /** These figures, with an adoption. */
    public SourceSide withAdopt(Adoption.Figures figures) {
        return new SourceSide(peakPssBytes, precopy, figures, fuse);
    }

    /** These figures, with what the FUSE file cost. */
    public SourceSide withFuse(FuseResult figures) {
        return new SourceSide(peakPssBytes, precopy, adopt, figures);
    }
}
