package io.pageflip.guest;

import io.pageflip.memory.BasePage;
import io.pageflip.memory.PageBitmap;
import io.pageflip.memory.PageRange;
import io.pageflip.memory.PageRuns;
import io.pageflip.os.NativeBuffer;
import io.pageflip.os.Threads;
import io.pageflip.ram.BlockSpec;
import io.pageflip.ram.RamBlock;
import io.pageflip.verification.Oracle;
import io.pageflip.verification.PagePattern;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;

/**
 * Writes the first content of everything that {@link GuestConfig#filled} says was ever written, with a thread on each
 * processor.
 */
final class PowerOn {
    /** 4 KiB pages made present by one call. */
    private static final long POPULATE_PAGES = 4096;

    private final GuestConfig config;
    private final List<RamBlock> blocks;
    private final Oracle oracle;
    private final List<Part> parts = new ArrayList<>();
    private final AtomicInteger nextPart = new AtomicInteger();
    private final AtomicLong pagesDone = new AtomicLong();
    private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();

    /** Pages of a block, counted by 4 KiB. */
    private record Part(int block, long first, long count) {}

    PowerOn(GuestConfig config, List<RamBlock> blocks, Oracle oracle) {
        this.config = config;
        this.blocks = blocks;
        this.oracle = oracle;
        for (int b = 0; b < blocks.size(); b++) {
            long pages = blocks.get(b).spec().oraclePages();
            for (long first = 0; first < pages; first += POPULATE_PAGES) {
                parts.add(new Part(b, first, Math.min(POPULATE_PAGES, pages - first)));
            }
        }
    }

    /**
     * Fills all blocks. Called once.
     *
     * @param progress called now and then with the number of 4 KiB pages done so far, by the calling thread; if it
     *     throws, filling ends
     * @throws IOException if there is no room for them
     */
    void fill(LongConsumer progress) throws IOException {
        List<Thread> helpers = new ArrayList<>();
        int wanted = Math.min(Runtime.getRuntime().availableProcessors(), parts.size()) - 1;
        try {
            for (int i = 0; i < wanted; i++) {
                Thread helper = new Thread(this::help, "fill-" + i);
                helper.setDaemon(true);
                helper.start();
                helpers.add(helper);
            }
            fillParts(() -> progress.accept(pagesDone.get()));
        } catch (IOException | RuntimeException | Error e) {
            failure.compareAndSet(null, e);
            throw e;
        } finally {
            helpers.forEach(Threads::join); // they write to memory that the caller may unmap
        }
        rethrow(failure.get());
        progress.accept(pagesDone.get());
    }

    private void help() {
        try {
            fillParts(() -> {});
        } catch (IOException | RuntimeException | Error e) {
            failure.compareAndSet(null, e); // the calling thread throws it
        }
    }

    /** Fills parts until there are no more, or another thread has failed. */
    private void fillParts(Runnable afterEach) throws IOException {
        PagePattern pattern = new PagePattern();
        for (int next = nextPart.getAndIncrement();
                next < parts.size() && failure.get() == null;
                next = nextPart.getAndIncrement()) {
            Part part = parts.get(next);
            fill(part.block(), part.first(), part.count(), pattern);
            pagesDone.addAndGet(part.count());
            afterEach.run();
        }
    }

    private static void rethrow(@Nullable Throwable failure) throws IOException {
        if (failure instanceof IOException e) {
            throw e;
        }
        if (failure instanceof RuntimeException e) {
            throw e;
        }
        if (failure instanceof Error e) {
            throw e;
        }
    }

    private void fill(int blockIndex, long first, long count, PagePattern pattern) throws IOException {
        RamBlock block = blocks.get(blockIndex);
        BlockSpec spec = block.spec();
        PageBitmap present = new PageBitmap(count);
        for (long page = first; page < first + count; page++) {
            if (blockIndex != GuestConfig.RAM || config.filled(page)) {
                present.add(page - first, 1);
            }
        }
        // Made present before they are touched: without room this fails, where a touch would be a SIGBUS.
        int perPage = spec.pageBytes() / BasePage.BYTES;
        for (PageRuns runs = present.runs(); runs.next(); ) {
            long firstPage = (first + runs.first()) / perPage;
            block.populate(new PageRange(firstPage, (first + runs.end() - 1) / perPage + 1 - firstPage));
        }
        for (PageRuns runs = present.runs(); runs.next(); ) {
            for (long page = first + runs.first(); page < first + runs.end(); page++) {
                if (blockIndex != GuestConfig.RAM || page != 0) { // that one is the guest information page
                    write(blockIndex, page, pattern);
                }
            }
        }
    }

    private void write(int blockIndex, long page, PagePattern pattern) {
        RamBlock block = blocks.get(blockIndex);
        int generation = oracle.advance(blockIndex, page);
        int bytes = (int) Math.min(BasePage.BYTES, block.spec().lengthBytes() - page * BasePage.BYTES);
        NativeBuffer content = pattern.of(blockIndex, page, generation);
        block.mapping().copyIn(page * BasePage.BYTES, content, bytes);
    }
}
