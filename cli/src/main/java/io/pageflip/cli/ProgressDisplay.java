package io.pageflip.cli;

import io.pageflip.metrics.Progress;
import io.pageflip.migration.Ticker;
import java.io.PrintStream;
import java.util.Locale;
import java.util.function.Supplier;

/**
 * A line on standard error that shows the progress. A thread of its own rewrites it again and again; at the end it is
 * wiped away.
 */
final class ProgressDisplay implements AutoCloseable {
    private static final long PERIOD_MS = 100;
    private static final double MILLION = 1e6;
    private static final double NS_PER_S = 1e9;

    private final Supplier<String> place;
    private final Progress progress;
    private final PrintStream terminal;
    private final boolean on;
    private final Ticker ticker = new Ticker("progress");
    private Progress.Phase phase = Progress.Phase.STARTING;
    private long lastPages;
    private long lastNs;
    private double rate;

    /** When progress is shown. */
    enum When {
        AUTO,
        ALWAYS,
        NEVER;

        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    ProgressDisplay(Progress progress, When when, boolean quiet) {
        this(() -> "", progress, when, quiet);
    }

    /**
     * Shows one migration of several.
     *
     * @param place tells which of them it is; called by the thread that shows it
     */
    ProgressDisplay(Supplier<String> place, Progress progress, When when, boolean quiet) {
        this.place = place;
        this.progress = progress;
        this.terminal = System.err;
        this.on = when == When.ALWAYS || (when == When.AUTO && !quiet && io.pageflip.os.Terminal.isStandardError());
    }

    /** Starts to show the progress. */
    void start() {
        if (on) {
            ticker.start(PERIOD_MS, this::show);
        }
    }

    private void show() {
        terminal.print("\r\u001b[K" + place.get() + line());
        terminal.flush();
    }

    private String line() {
        Progress.Phase now = progress.phase();
        long total = progress.totalPages();
        if (total == 0) {
            return now.toString();
        }
        long done = Math.min(progress.donePages(), total);
        measureRate(now, done);
        return String.format(
                Locale.ROOT,
                "%s  %d %%  %,d of %,d pages  %.2f M pages/s",
                now,
                done * 100 / total,
                done,
                total,
                rate / MILLION);
    }

    private void measureRate(Progress.Phase now, long done) {
        long nowNs = io.pageflip.os.NanoClock.SYSTEM.nanoTime();
        if (now != phase || done < lastPages) {
            phase = now;
            lastPages = 0;
            lastNs = nowNs;
            rate = 0;
        } else if (nowNs > lastNs) {
            rate = (done - lastPages) / ((nowNs - lastNs) / NS_PER_S);
        }
    }

    @Override
    public void close() {
        ticker.close();
        if (on) {
            terminal.print("\r\u001b[K");
            terminal.flush();
        }
    }
}
