package io.pageflip.cli.report;

import com.fasterxml.jackson.annotation.JsonInclude;
import io.pageflip.heartbeat.GuestInfo;
import io.pageflip.metrics.Percentile;
import io.pageflip.metrics.ResultJson;
import io.pageflip.observer.Gap;
import io.pageflip.observer.Looks;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * What {@code pageflip observe} saw, in the form of its JSON report; docs/json/README.md documents it.
 *
 * @param thresholdNs shorter gaps are counted, but not listed
 */
public record ObservationReport(String schema, Host host, long thresholdNs, Observer observer, List<Guest> guests) {
    static final String SCHEMA = "pageflip.observation/1";

    /**
     * How the observer looked.
     *
     * @param intervalNs the mean time between two looks; a gap that is shorter may not be seen
     * @param cpuPercent of one processor
     */
    public record Observer(long looks, long watchedNs, long intervalNs, long longestIntervalNs, double cpuPercent) {
        static Observer of(Looks looks) {
            return new Observer(
                    looks.count(), looks.ns(), looks.intervalNs(), looks.longestIntervalNs(), looks.cpuPercent());
        }
    }

    /**
     * One guest.
     *
     * @param gaps the gaps that are longer than the threshold, in the order in which they ended
     * @param distribution how many gaps of each length were seen, shorter ones too; a bucket reaches to the next power
     *     of two
     * @param unended the gap that had not ended when the observer did, if it is longer than the threshold; null if the
     *     guest ran, or nobody has its memory any more
     */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record Guest(
            String guest,
            List<SeenGap> gaps,
            List<Bucket> distribution,
            @Nullable SeenGap unended) {}

    /**
     * One gap.
     *
     * @param startNs CLOCK_MONOTONIC
     * @param certain false if a part of the guest's memory was found only during the gap, so that the guest may have
     *     run
     */
    public record SeenGap(long startNs, long gapNs, long atLeastNs, long atMostNs, boolean certain) {
        public static SeenGap of(Gap gap, boolean certain) {
            return new SeenGap(gap.startNs(), gap.ns(), gap.leastNs(), gap.mostNs(), certain);
        }
    }

    /** How many gaps were at least {@code fromNs} long and shorter than twice that. */
    public record Bucket(long fromNs, long gaps) {}

    /** The gaps of one guest, as they come. Used by one thread. */
    public static final class Collector {
        private final long thresholdNs;
        private final List<SeenGap> listed = new ArrayList<>();
        private final Map<Long, Long> buckets = new TreeMap<>();

        public Collector(long thresholdNs) {
            this.thresholdNs = thresholdNs;
        }

        /** Adds a gap; returns whether it is longer than the threshold. */
        public boolean add(SeenGap gap) {
            buckets.merge(Long.highestOneBit(Math.max(1, gap.gapNs())), 1L, Long::sum);
            boolean isLong = gap.gapNs() > thresholdNs;
            if (isLong) {
                listed.add(gap);
            }
            return isLong;
        }

        /** The guest's part of the report. */
        public Guest guest(long guest, @Nullable Gap unended) {
            List<Bucket> distribution = buckets.entrySet().stream()
                    .map(bucket -> new Bucket(bucket.getKey(), bucket.getValue()))
                    .toList();
            SeenGap lasting = unended == null || unended.ns() <= thresholdNs ? null : SeenGap.of(unended, true);
            return new Guest(GuestInfo.name(guest), List.copyOf(listed), distribution, lasting);
        }
    }

    public static ObservationReport of(long thresholdNs, Looks looks, List<Guest> guests) {
        return new ObservationReport(SCHEMA, Host.here(), thresholdNs, Observer.of(looks), guests);
    }

    /** One JSON document, indented, with a line feed at its end. */
    public String json() {
        return ResultJson.document(this);
    }

    /** A gap as it happens. */
    public static String line(long guest, SeenGap gap, long sinceStartNs) {
        return String.format(
                Locale.ROOT,
                "%9.3f s  guest %s  gap of %s (%s to %s)%s",
                sinceStartNs / 1e9,
                GuestInfo.name(guest),
                Words.duration(gap.gapNs),
                Words.duration(gap.atLeastNs),
                Words.duration(gap.atMostNs),
                gap.certain ? "" : ", not certain: the guest may have run in memory that was found later");
    }

    /** What stands at the end: how the observer looked, and the distribution of each guest's gaps. */
    public String text() {
        Lines lines = new Lines();
        lines.add(
                "looked",
                "every %s (mean; longest %s), for %s, with %.1f %% of a processor",
                Words.duration(observer.intervalNs),
                Words.duration(observer.longestIntervalNs),
                Words.duration(observer.watchedNs),
                observer.cpuPercent);
        for (Guest guest : guests) {
            lines.add("guest", "%s", guest.guest);
            lines.add("gaps", "%s", summary(guest));
            String label = "distribution";
            for (Bucket bucket : guest.distribution) {
                lines.add(
                        label,
                        "%9s to %9s  %,d",
                        Words.duration(bucket.fromNs),
                        Words.duration(bucket.fromNs * 2),
                        bucket.gaps);
                label = "";
            }
            if (guest.unended != null) {
                lines.add("silent", "for the last %s", Words.duration(guest.unended.gapNs));
            }
        }
        return lines.toString();
    }

    private String summary(Guest guest) {
        long[] sorted = guest.gaps.stream().mapToLong(SeenGap::gapNs).sorted().toArray();
        String than = "longer than " + Words.duration(thresholdNs);
        return sorted.length == 0
                ? "none " + than
                : Words.number(sorted.length) + " " + than + "; median "
                        + Words.duration(Percentile.of(sorted, Percentile.MEDIAN)) + ", longest "
                        + Words.duration(sorted[sorted.length - 1]);
    }
}
