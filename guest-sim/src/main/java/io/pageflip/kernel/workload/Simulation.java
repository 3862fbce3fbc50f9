package io.pageflip.kernel.workload;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.function.BooleanSupplier;

/**
 * Moves a whole guest on a simulated kernel. The guest is cut into parts of 256 MiB, each with a machine of its own, so
 * that memory of any size takes a few frames per thread; the result is the same whatever the number of threads.
 */
public final class Simulation {
    /** The largest guest: 1 TiB. */
    public static final long MOST_PAGES = 1L << 28;

    private static final long CHUNKS_A_PART = 128;

    private final SimulatedKernel kernel;
    private final PageConditions conditions;
    private final long pages;
    private final VmspliceUse use;

    /** @param pages of 4 KiB, 1 to {@link #MOST_PAGES} */
    public Simulation(SimulatedKernel kernel, PageConditions conditions, long pages) {
        this(kernel, conditions, pages, VmspliceUse.USUAL);
    }

    /**
     * A simulation that may use vmsplice in another way than {@link VmspliceUse#USUAL}.
     *
     * @param pages of 4 KiB, 1 to {@link #MOST_PAGES}; all plain if they lie in shared memory
     */
    public Simulation(SimulatedKernel kernel, PageConditions conditions, long pages, VmspliceUse use) {
        if (use.sharedMemory() && !conditions.allPlain()) {
            throw new IllegalArgumentException("pages of shared memory that are not plain: " + conditions);
        }
        this.use = use;
        if (pages < 1 || pages > MOST_PAGES) {
            throw new IllegalArgumentException("a guest of " + pages + " pages");
        }
        this.kernel = kernel;
        this.conditions = conditions;
        this.pages = pages;
    }

    /**
     * Runs the simulation.
     *
     * @param stop says whether to stop; any worker thread asks, between two parts
     * @throws CancellationException if {@code stop} returned true
     * @throws IllegalStateException if the pages do not add up, or frames are left over: a mistake of the model
     */
    public SimulationResult run(int threads, BooleanSupplier stop) throws InterruptedException {
        int parts = (int) ((chunks() + CHUNKS_A_PART - 1) / CHUNKS_A_PART);
        AtomicReferenceArray<SimulationResult> results = new AtomicReferenceArray<>(parts);
        AtomicInteger next = new AtomicInteger();
        List<Callable<Void>> workers = new ArrayList<>();
        for (int i = 0; i < threads; i++) {
            workers.add(() -> {
                for (int part = next.getAndIncrement(); part < parts; part = next.getAndIncrement()) {
                    if (stop.getAsBoolean()) {
                        throw new CancellationException("the simulation was interrupted");
                    }
                    results.set(part, run(part));
                }
                return null;
            });
        }
        await(workers);
        SimulationResult sum = SimulationResult.NONE;
        for (int part = 0; part < parts; part++) {
            sum = sum.then(results.get(part));
        }
        if (sum.offered() != pages || !sum.addsUp()) {
            throw new IllegalStateException(pages + " pages of " + kernel + " do not add up: " + sum);
        }
        return sum;
    }

    private static void await(List<Callable<Void>> workers) throws InterruptedException {
        ExecutorService pool = Executors.newFixedThreadPool(workers.size());
        try {
            for (Future<Void> worker : pool.invokeAll(workers)) {
                worker.get();
            }
        } catch (ExecutionException e) {
            if (e.getCause() instanceof RuntimeException cause) {
                throw cause;
            }
            throw new IllegalStateException(e.getCause());
        } finally {
            pool.shutdownNow();
        }
    }

    private long chunks() {
        return (pages + Chunk.PAGES - 1) / Chunk.PAGES;
    }

    private SimulationResult run(int part) {
        long first = part * CHUNKS_A_PART;
        return kernel.newMachine(use).run(conditions, first, Math.min(chunks(), first + CHUNKS_A_PART), pages);
    }
}
