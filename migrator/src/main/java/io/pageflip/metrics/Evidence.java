package io.pageflip.metrics;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonValue;
import org.jspecify.annotations.Nullable;

/**
 * Frame numbers of both sides, compared.
 *
 * @param framesVisible whether this process may see frame numbers ({@code CAP_SYS_ADMIN})
 * @param compared pages whose frame was known on both sides
 * @param same pages that lie in the same frame
 * @param relocatedByKernel pages in another frame, while the kernel was relocating pages
 * @param different pages in another frame, with no such excuse
 * @param decidedBy what told moved pages from others
 * @param stillMapped pages that a third process maps; null without one
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record Evidence(
        boolean framesVisible,
        long compared,
        long same,
        long relocatedByKernel,
        long different,
        DecidedBy decidedBy,
        @Nullable StillMapped stillMapped) {
    /** What told moved pages from others. */
    public enum DecidedBy {
        /** Frame numbers. */
        FRAMES("frames"),
        /** A probe, since only that could tell whether this kernel moves gifted pages. */
        PROBE("probe"),
        /** Nothing was moved. */
        NONE("none");

        private final String label;

        DecidedBy(String label) {
            this.label = label;
        }

        /** As reports write it. */
        @JsonValue
        @Override
        public String toString() {
            return label;
        }
    }

    /** Nobody may see frame numbers, and nothing was probed. */
    public static final Evidence HIDDEN = new Evidence(false, 0, 0, 0, 0, DecidedBy.NONE);

    /** Where no third process maps pages. */
    public Evidence(
            boolean framesVisible, long compared, long same, long relocatedByKernel, long different, DecidedBy by) {
        this(framesVisible, compared, same, relocatedByKernel, different, by, null);
    }

    /**
     * Pages that were copied because a third process maps them.
     *
     * @param pages that were copied for that reason
     * @param confirmed of them, which more than one process mapped before the guest was stopped, as the kernel counts;
     *     null where frames, or their counts, are hidden
     * @param compared of them, whose frame was known on both sides
     * @param elsewhere of these, which lie in another frame at the destination, as copies must
     */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record StillMapped(long pages, @Nullable Long confirmed, long compared, long elsewhere) {}
}
