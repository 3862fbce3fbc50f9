package io.pageflip.metrics;

import io.pageflip.os.NanoClock;
import java.util.ArrayList;
import java.util.List;

/**
 * Notes when pieces of work began and ended, up to a number that was chosen beforehand; the others are counted. One
 * thread adds to it, without allocating; another may read it once that thread has ended or said so.
 */
public final class SliceLog {
    private final long[] startNs;
    private final long[] durationNs;
    private final long[] pages;
    private int count;
    private long leftOff;

    /** @param most number of slices that it holds, at most {@link Trace.Slices#MOST}; with 0 it only counts */
    public SliceLog(int most) {
        startNs = new long[most];
        durationNs = new long[most];
        pages = new long[most];
    }

    /** The time now, for {@link #add}; 0 if that only counts. */
    public long now(NanoClock clock) {
        return startNs.length == 0 ? 0 : clock.nanoTime();
    }

    /** Adds a piece of work on {@code workPages} pages. Times are CLOCK_MONOTONIC of the host. */
    public void add(long fromNs, long toNs, long workPages) {
        if (count == startNs.length) {
            leftOff++;
            return;
        }
        startNs[count] = fromNs;
        durationNs[count] = toNs - fromNs;
        pages[count++] = workPages;
    }

    /** What was noted until now. */
    public Trace.Slices slices() {
        return new Trace.Slices(first(startNs), first(durationNs), first(pages), leftOff);
    }

    private List<Long> first(long[] values) {
        List<Long> list = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            list.add(values[i]);
        }
        return list;
    }
}
