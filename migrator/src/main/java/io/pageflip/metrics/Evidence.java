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
 * @param different pages in another frame, while the kernel was relocating none
 * @param decidedBy how moved pages were told from others
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
    /** How moved pages were told from others. */
    public enum DecidedBy {
        /** Frame numbers. */
        FRAMES("frames"),
        /** A probe, because frame numbers were hidden: it found whether this kernel moves gifted pages. */
        PROBE("probe"),
        /** Neither: nothing was moved, or the kernel's answers to {@code UFFDIO_CONTINUE} alone told what was. */
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

    /** Frame numbers are hidden, and nothing was probed. */
    public static final Evidence HIDDEN = new Evidence(false, 0, 0, 0, 0, DecidedBy.NONE);

    /** Evidence without a third process that maps pages. */
    public Evidence(
            boolean framesVisible, long compared, long same, long relocatedByKernel, long different, DecidedBy by) {
        this(framesVisible, compared, same, relocatedByKernel, different, by, null);
    }

    /**
     * Pages that were copied because a third process maps them.
     *
     * @param pages that were copied for that reason
     * @param confirmed of them, the pages that more than one process mapped before the guest was paused, by the
     *     kernel's count; null if frames, or their counts, are hidden
     * @param compared of them, the pages whose frame was known on both sides
     * @param elsewhere of these, the pages that lie in another frame at the destination, as copies must
     */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record StillMapped(long pages, @Nullable Long confirmed, long compared, long elsewhere) {}
}
