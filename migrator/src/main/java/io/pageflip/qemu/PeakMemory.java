package io.pageflip.qemu;

import io.pageflip.os.Proc;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;

/**
 * Samples the memory of some processes: the sum of their proportional set sizes. A sample takes 13 ms for each GiB,
 * with their address spaces locked for reading: it disturbs them. A thread of its own samples.
 */
final class PeakMemory implements AutoCloseable {
    private static final long INTERVAL_NS = 20_000_000;

    private final Supplier<List<Integer>> processes;
    private final Thread thread = new Thread(this::sample, "peak-memory");
    private volatile boolean ended;
    private volatile long peakBytes;

    PeakMemory(Supplier<List<Integer>> processes) {
        this.processes = processes;
        thread.setDaemon(true);
        thread.start();
    }

    private void sample() {
        while (!ended) {
            long bytes = 0;
            for (int pid : processes.get()) {
                try {
                    bytes += Proc.proportionalSetBytes(pid);
                } catch (IOException e) {
                    // It is gone.
                }
            }
            peakBytes = Math.max(peakBytes, bytes);
            LockSupport.parkNanos(this, INTERVAL_NS);
        }
    }

    long peakBytes() {
        return peakBytes;
    }

    /** Has the thread end, soon after. */
    @Override
    public void close() {
        ended = true;
        LockSupport.unpark(thread);
    }
}
