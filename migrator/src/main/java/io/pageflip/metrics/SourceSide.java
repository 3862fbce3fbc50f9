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
        @Nullable Precopy precopy,
        Adoption.@Nullable Figures adopt,
        @Nullable FuseResult fuse) {
    /** Nothing: what a destination says, and a source that had nothing to tell. */
    public static final SourceSide NONE = new SourceSide(null, null, null, null);

    /** Of a migration that did not complete, as far as it came. */
    public static SourceSide incomplete(@Nullable Precopy precopy, Adoption.@Nullable Figures adopt) {
        return new SourceSide(null, precopy, adopt, null);
    }
}
