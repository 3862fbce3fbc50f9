package io.pageflip.cli;

import io.pageflip.channel.Cancellation;
import io.pageflip.os.NanoClock;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.ToIntFunction;

/**
 * Runs the cells of a comparison in turn, so that whatever disturbs the machine for a while disturbs all of them alike.
 * One thread runs it; any thread may ask for {@link #place}.
 *
 * @param <R> the result of a run
 */
final class ComparisonRun<R> {
    private static final double NS_PER_S = 1e9;
    private static final long S_PER_MIN = 60;
    private static final long MIN_PER_H = 60;

    private final Runner<R> runner;
    private final ToIntFunction<R> exitCode;
    private final int warmup;
    private final int runs;
    private final Cancellation cancellation;
    private final NanoClock clock;
    private final Estimate estimate;
    private final List<List<R>> results = new ArrayList<>();
    private final boolean[] failed;
    private volatile String place = "";

    /** Runs a cell once. */
    @FunctionalInterface
    interface Runner<R> {
        R run(int cell) throws InterruptedException;
    }

    /**
     * A comparison that has not begun.
     *
     * @param ramBytes of each cell
     * @param warmup runs of each cell that are not counted
     * @param runs runs of each cell that are counted
     * @param exitCode of a result: one of {@link ExitCodes}
     */
    ComparisonRun(
            List<Long> ramBytes,
            int warmup,
            int runs,
            Runner<R> runner,
            ToIntFunction<R> exitCode,
            Cancellation cancellation,
            NanoClock clock) {
        this.runner = runner;
        this.exitCode = exitCode;
        this.warmup = warmup;
        this.runs = runs;
        this.cancellation = cancellation;
        this.clock = clock;
        this.estimate = new Estimate(ramBytes, warmup + runs);
        this.failed = new boolean[ramBytes.size()];
        ramBytes.forEach(cell -> results.add(new ArrayList<>()));
    }

    /** Runs all cells, or as many as it can until somebody cancels. A cell that fails is not run again. */
    void run() throws InterruptedException {
        for (int round = 0; round < warmup + runs; round++) {
            for (int cell = 0; cell < failed.length; cell++) {
                if (!failed[cell] && !cancellation.isRequested()) {
                    runOnce(cell, round >= warmup);
                }
            }
        }
    }

    private void runOnce(int cell, boolean counts) throws InterruptedException {
        place = sentence(estimate.done() + 1, estimate.total(), estimate.remainingNs());
        long startNs = clock.nanoTime();
        R result = runner.run(cell);
        int code = exitCode.applyAsInt(result);
        boolean good = code == ExitCodes.OK;
        if (!good && cancellation.isRequested() && code == ExitCodes.FAILED) {
            return; // it only says that somebody cancelled
        }
        estimate.ran(cell, clock.nanoTime() - startNs);
        if (counts || !good) {
            results.get(cell).add(result);
        }
        if (!good) {
            failed[cell] = true;
            estimate.giveUp(cell);
        }
    }

    /** The runs of each cell that count. A run of the warm-up counts only if it failed. */
    List<List<R>> results() {
        return results;
    }

    boolean failed(int cell) {
        return failed[cell];
    }

    /** Which run this is, of how many, and how long the rest will take. */
    String place() {
        return place;
    }

    static String sentence(long run, long total, long remainingNs) {
        String left = remainingNs < 0 ? "" : ", about " + duration(remainingNs) + " left";
        return String.format(Locale.ROOT, "run %,d of %,d%s: ", run, total, left);
    }

    private static String duration(long ns) {
        long seconds = (long) Math.ceil(ns / NS_PER_S);
        long minutes = seconds / S_PER_MIN;
        if (minutes == 0) {
            return seconds + " s";
        }
        return minutes < MIN_PER_H
                ? minutes + " min " + seconds % S_PER_MIN + " s"
                : minutes / MIN_PER_H + " h " + minutes % MIN_PER_H + " min";
    }
}
