package io.pageflip.qemu;

import com.fasterxml.jackson.annotation.JsonIgnore;
import com.fasterxml.jackson.annotation.JsonInclude;
import io.pageflip.observer.Seen;
import org.jspecify.annotations.Nullable;

/**
 * The result of one migration of a real QEMU: an element of {@code runs} in a comparison. Field names become kebab-case
 * there, and null fields are absent.
 *
 * @param status {@code completed} or {@code failed}
 * @param saysNs the downtime that QEMU itself reports ({@code query-migrate}, milliseconds there); null if it reports
 *     none
 * @param stopResumeNs from the event {@code STOP} at the source to {@code RESUME} at the destination, by the time
 *     stamps of the events; null if one of them did not come
 * @param totalTime QEMU's own total time, in milliseconds; null if it reports none
 * @param wallNs from the first command of the migration until the guest was seen to run at the destination
 * @param transferredBytes bytes that crossed, as QEMU counts them; null if it does not
 * @param rateBefore pages that the guest wrote a second before the migration
 * @param rateAfter the same after it; null if the guest ran for too short a time to tell
 * @param seen by an observer outside
 * @param verification what the guest found when it checked itself; null if it was not asked to, and found nothing by
 *     itself
 * @param error why it failed; null if it did not
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record QemuResult(
        String status,
        @Nullable Long saysNs,
        @Nullable Long stopResumeNs,
        @Nullable Long totalTime,
        @Nullable Long wallNs,
        @Nullable Long transferredBytes,
        @Nullable Long rateBefore,
        @Nullable Long rateAfter,
        @Nullable Seen seen,
        @Nullable SelfCheck verification,
        @Nullable String error) {
    /**
     * What the guest found when it checked each of its pages, then and before it wrote one.
     *
     * @param status {@code match} or {@code mismatch}
     * @param badPages how often a page had not the content of its generation
     * @param firstBadAddress guest-physical address of the first; 0 if there is none
     */
    public record SelfCheck(String status, long badPages, long firstBadAddress) {
        private String sentence() {
            return "the guest found " + badPages + (badPages == 1 ? " bad page, at 0x" : " bad pages, the first at 0x")
                    + Long.toHexString(firstBadAddress);
        }
    }

    /** A migration that failed, or did not begin. */
    public static QemuResult failed(String why) {
        return new QemuResult("failed", null, null, null, null, null, null, null, null, null, why);
    }

    /** Whether it completed, with every page right. */
    @JsonIgnore
    public boolean isGood() {
        return failure() == null;
    }

    /** Why it is not good, in a sentence; null if it is. */
    public @Nullable String failure() {
        return error == null && verification != null && verification.badPages > 0 ? verification.sentence() : error;
    }
}
