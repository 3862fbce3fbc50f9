package io.pageflip.process;

import io.pageflip.os.NanoClock;
import io.pageflip.os.Threads;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.concurrent.locks.LockSupport;

/** How many instructions the first vCPU had executed at many moments, as somebody outside sees it. */
final class BeatSamples implements AutoCloseable {
    private static final long PERIOD_NS = 300_000;

    private final ByteBuffer info;
    private final NavigableMap<Long, Long> samples = new TreeMap<>();
    private final Thread thread = new Thread(this::sample, "beat samples");
    private volatile boolean ended;

    /** @param ram a guest's RAM, which is not needed any more when this returns */
    BeatSamples(Path ram) throws IOException {
        info = Observer.map(ram, Observer.PAGE);
        thread.setDaemon(true);
        thread.start();
    }

    private void sample() {
        while (!ended) {
            long nowNs = NanoClock.SYSTEM.nanoTime();
            samples.put(nowNs, (long) Observer.WORD.getVolatile(info, Observer.COUNT));
            LockSupport.parkNanos(PERIOD_NS);
        }
    }

    /** Ends the sampling. */
    @Override
    public void close() {
        ended = true;
        Threads.join(thread);
    }

    /** Instructions executed until a moment, between the two samples around it. Called when sampling has ended. */
    double at(long ns) {
        Map.Entry<Long, Long> before = samples.floorEntry(ns);
        Map.Entry<Long, Long> after = samples.ceilingEntry(ns);
        if (before == null || after == null) {
            throw new AssertionError("the guest was not watched at " + ns);
        }
        long lengthNs = after.getKey() - before.getKey();
        double part = lengthNs == 0 ? 0 : (double) (ns - before.getKey()) / lengthNs;
        return before.getValue() + part * (after.getValue() - before.getValue());
    }

    /** The longest time between two samples around a moment: how well that moment was watched. */
    long gapNs(long ns) {
        Long before = samples.floorKey(ns);
        Long after = samples.ceilingKey(ns);
        return before == null || after == null ? Long.MAX_VALUE : after - before;
    }
}
