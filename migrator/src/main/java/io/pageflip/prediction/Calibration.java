package io.pageflip.prediction;

import io.pageflip.metrics.Failure;
import io.pageflip.metrics.Measured;
import io.pageflip.metrics.Percentile;
import io.pageflip.metrics.RunResult;
import io.pageflip.request.Mechanism;
import java.io.IOException;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.ToLongFunction;

/**
 * Measures {@link Costs} with real migrations of guests of two sizes. Mechanisms and sizes take turns. The medians of
 * the smaller and of the larger size are two points of a line.
 */
public final class Calibration {
    /** The mechanisms that are measured. */
    public static final List<Mechanism> MECHANISMS =
            List.of(Mechanism.FLIP, Mechanism.GIFT, Mechanism.STREAM, Mechanism.PULL);

    /** The sizes of the guests, in bytes. */
    public static final List<Long> RAM_BYTES = List.of(128L << 20, 512L << 20);

    /**
     * Runs of each mechanism with each size. Some mechanisms take twice as long in one run of three, when other work
     * gets between their two processes.
     */
    private static final int RUNS = 7;

    private Calibration() {}

    /** Runs a migration with {@code stop-and-move}, so that all pages cross in the pages phase. */
    @FunctionalInterface
    public interface Runner {
        RunResult run(Mechanism mechanism, long ramBytes) throws IOException, InterruptedException;
    }

    /**
     * Measures what a page costs with each mechanism.
     *
     * @param mechanisms the mechanisms that can run here
     * @param host a description of this host
     * @throws IOException if a migration fails
     */
    public static Costs measure(List<Mechanism> mechanisms, Runner runner, String host)
            throws IOException, InterruptedException {
        Map<Mechanism, List<List<Measured>>> runs = new EnumMap<>(Mechanism.class);
        for (int i = 0; i < RUNS; i++) {
            for (Mechanism mechanism : mechanisms) {
                for (int size = 0; size < RAM_BYTES.size(); size++) {
                    RunResult result = runner.run(mechanism, RAM_BYTES.get(size));
                    Measured measured = result.measured();
                    if (measured == null) {
                        Failure error = result.error();
                        throw new IOException("a migration with " + mechanism + " failed, so its costs are unknown: "
                                + (error == null ? result.status() : error.message()));
                    }
                    bySize(runs, mechanism).get(size).add(measured);
                }
            }
        }
        Map<String, Costs.Cost> costs = new TreeMap<>();
        runs.forEach((mechanism, sizes) -> costs.put(mechanism.toString(), line(sizes.get(0), sizes.get(1))));
        return new Costs(Costs.SCHEMA, host, costs);
    }

    private static List<List<Measured>> bySize(Map<Mechanism, List<List<Measured>>> runs, Mechanism mechanism) {
        return runs.computeIfAbsent(mechanism, key -> List.of(new ArrayList<>(), new ArrayList<>()));
    }

    /**
     * The line through the medians of both. However much noise there is, it does not fall, and does not begin below 0.
     */
    private static Costs.Cost line(List<Measured> small, List<Measured> large) {
        double fewer = median(small, measured -> measured.pages().crossed());
        double more = median(large, measured -> measured.pages().crossed());
        double shortNs = median(small, Calibration::pagesNs);
        double longNs = median(large, Calibration::pagesNs);
        double slope = Math.min((longNs - shortNs) / (more - fewer), longNs / more);
        double nsPerPage = Math.max(slope, 0);
        return new Costs.Cost(longNs - nsPerPage * more, nsPerPage);
    }

    private static long pagesNs(Measured measured) {
        return measured.downtimePhasesNs().pages();
    }

    private static double median(List<Measured> runs, ToLongFunction<Measured> figure) {
        long[] sorted = runs.stream().mapToLong(figure).sorted().toArray();
        return Percentile.of(sorted, Percentile.MEDIAN);
    }
}
