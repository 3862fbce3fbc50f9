package io.pageflip.observer;

import java.util.ArrayList;
import java.util.List;

/**
 * When somebody looked, one look after the other; of looks that are close together it keeps little. Used by one thread
 * at a time.
 */
final class LookTimes {
    /** Who looks all the time does so a million times a second, and nobody wants to know each of them. */
    private static final long BRIEF_NS = 20_000;

    /** From before a look until after the next but one. */
    private record Span(long startNs, long endNs) {
        long ns() {
            return endNs - startNs;
        }
    }

    private final List<Span> spans = new ArrayList<>();
    private long longestBriefNs;
    private long count;
    private long firstNs;
    private long beforeLastNs;
    private long lastNs;
    private long endNs;

    /** Adds the next look; times are CLOCK_MONOTONIC. */
    void add(long beforeNs, long afterNs) {
        if (count == 0) {
            firstNs = beforeNs;
        }
        if (count >= 2) {
            Span span = new Span(beforeLastNs, afterNs);
            if (span.ns() > BRIEF_NS) {
                spans.add(span);
            } else {
                longestBriefNs = Math.max(longestBriefNs, span.ns());
            }
        }
        beforeLastNs = lastNs;
        lastNs = beforeNs;
        endNs = afterNs;
        count++;
    }

    void clear() {
        spans.clear();
        longestBriefNs = 0;
        count = 0;
    }

    /** Whether somebody looked at the beginning of a time or before it, and at its end or after it. */
    boolean cover(long fromNs, long untilNs) {
        return count > 0 && firstNs <= fromNs && endNs >= untilNs;
    }

    /**
     * No silence that began or ended in a time that the looks cover was longer than this without being seen. It may be
     * up to 20 us too long.
     */
    long longestUnseenNs(long fromNs, long untilNs) {
        long longest = longestBriefNs;
        for (Span span : spans) {
            if (span.endNs >= fromNs && span.startNs <= untilNs) {
                longest = Math.max(longest, span.ns());
            }
        }
        return longest;
    }
}
