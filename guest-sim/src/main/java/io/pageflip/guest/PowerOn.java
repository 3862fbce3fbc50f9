package io.pageflip.guest;

import io.pageflip.memory.BasePage;
import io.pageflip.memory.PageBitmap;
import io.pageflip.memory.PageRange;
import io.pageflip.memory.PageRuns;
import io.pageflip.os.NativeBuffer;
import io.pageflip.ram.BlockSpec;
import io.pageflip.ram.RamBlock;
import io.pageflip.verification.Oracle;
import io.pageflip.verification.PagePattern;
import java.io.IOException;
import java.util.List;
import java.util.function.LongConsumer;

/** Writes the first content of everything that {@link GuestConfig#filled} says was ever written. Used by one thread. */
final class PowerOn {
    /** 4 KiB pages made present by one call. */
    private static final long POPULATE_PAGES = 4096;

    private final GuestConfig config;
    private final List<RamBlock> blocks;
    private final Oracle oracle;
    private final PagePattern pattern = new PagePattern();

    PowerOn(GuestConfig config, List<RamBlock> blocks, Oracle oracle) {
        this.config = config;
        this.blocks = blocks;
        this.oracle = oracle;
    }

    /**
     * Fills all blocks.
     *
     * @param progress called now and then with the number of 4 KiB pages done so far
     * @throws IOException if there is no room for them
     */
    void fill(LongConsumer progress) throws IOException {
        long done = 0;
        for (int b = 0; b < blocks.size(); b++) {
            BlockSpec spec = blocks.get(b).spec();
            for (long first = 0; first < spec.oraclePages(); first += POPULATE_PAGES) {
                long count = Math.min(POPULATE_PAGES, spec.oraclePages() - first);
                fill(b, first, count);
                done += count;
                progress.accept(done);
            }
        }
    }

    private void fill(int blockIndex, long first, long count) throws IOException {
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
                    write(blockIndex, page);
                }
            }
        }
    }

    private void write(int blockIndex, long page) {
        RamBlock block = blocks.get(blockIndex);
        int generation = oracle.advance(blockIndex, page);
        int bytes = (int) Math.min(BasePage.BYTES, block.spec().lengthBytes() - page * BasePage.BYTES);
        NativeBuffer content = pattern.of(blockIndex, page, generation);
        block.mapping().copyIn(page * BasePage.BYTES, content, bytes);
    }
}
