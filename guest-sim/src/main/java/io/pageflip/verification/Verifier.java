package io.pageflip.verification;

import io.pageflip.heartbeat.GuestInfoPage;
import io.pageflip.memory.BasePage;
import io.pageflip.memory.PageBitmap;
import io.pageflip.os.NativeBuffer;
import io.pageflip.os.WaitGuard;
import io.pageflip.ram.DataMap;
import io.pageflip.ram.RamBlock;
import java.io.IOException;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/** Compares every page of a paused guest with what the oracle says it holds. Holes are not touched, only counted. */
public final class Verifier {
    /** Pages between two looks at the guard: some milliseconds. */
    private static final int PAGES_A_CHECK = 1024;

    private final List<RamBlock> blocks;
    private final Oracle oracle;
    private final PagePattern pattern = new PagePattern();
    private final NativeBuffer found = NativeBuffer.allocate(BasePage.BYTES);
    private final Map<PagePattern.Damage, Long> damages = new EnumMap<>(PagePattern.Damage.class);

    public Verifier(List<RamBlock> blocks, Oracle oracle) {
        this.blocks = blocks;
        this.oracle = oracle;
    }

    /**
     * Compares every page.
     *
     * @param guard asked now and then; its exception ends the comparison
     */
    public Verification verify(boolean vcpusAgree, boolean consoleComplete, long consoleLines, WaitGuard guard)
            throws IOException {
        long pages = 0;
        for (int b = 0; b < blocks.size(); b++) {
            pages += verifyBlock(b, guard);
        }
        return new Verification(
                pages,
                count(PagePattern.Damage.LOST),
                count(PagePattern.Damage.STALE),
                count(PagePattern.Damage.TORN),
                count(PagePattern.Damage.MISPLACED),
                vcpusAgree,
                consoleComplete,
                consoleLines);
    }

    private long count(PagePattern.Damage damage) {
        return damages.getOrDefault(damage, 0L);
    }

    private long verifyBlock(int index, WaitGuard guard) throws IOException {
        RamBlock block = blocks.get(index);
        PageBitmap data = DataMap.scan(block).pages();
        long perPage = block.spec().pageBytes() / BasePage.BYTES;
        long pages = block.spec().oraclePages();
        for (long page = 0; page < pages; page++) {
            if (page % PAGES_A_CHECK == 0) {
                guard.check();
            }
            boolean infoPage = index == GuestInfoPage.BLOCK && page == 0; // its content is checked with the vCPUs
            if (!infoPage) {
                verifyPage(block, index, page, data.get(page / perPage));
            }
        }
        return pages;
    }

    private void verifyPage(RamBlock block, int index, long page, boolean exists) {
        int generation = oracle.generation(index, page);
        long offset = page * BasePage.BYTES;
        int bytes = (int) Math.min(BasePage.BYTES, block.spec().lengthBytes() - offset);
        if (generation == 0) {
            if (exists && !block.mapping().isZero(offset, bytes)) {
                diagnose(block, index, page, bytes);
            }
        } else if (!exists) {
            damages.merge(PagePattern.Damage.LOST, 1L, Long::sum);
        } else if (!block.mapping().matches(offset, pattern.of(index, page, generation), bytes)) {
            diagnose(block, index, page, bytes);
        }
    }

    private void diagnose(RamBlock block, int index, long page, int bytes) {
        block.mapping().copyOut(page * BasePage.BYTES, found, bytes);
        damages.merge(pattern.diagnose(found, bytes, index, page), 1L, Long::sum);
    }
}
