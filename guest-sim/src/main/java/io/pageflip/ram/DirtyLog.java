package io.pageflip.ram;

import io.pageflip.memory.BasePage;
import io.pageflip.memory.PageBitmap;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.List;
import java.util.function.IntFunction;
import java.util.function.IntPredicate;
import org.jspecify.annotations.Nullable;

/**
 * The guest's own dirty log: a bit per page, set by the vCPU that has written the page, while logging is on.
 *
 * <p>The bit is set <em>after</em> the write. A page that is being written while its bit is taken may be copied half
 * written; but its bit is set again, and the page is copied again. If the bit were set before the write, it could be
 * taken, and the page copied, before the write reaches the page, and nobody would ever notice.
 *
 * <p>{@link #written} is called by vCPU threads; everything else by one thread.
 */
public final class DirtyLog implements DirtyTracker {
    private static final VarHandle WORD = MethodHandles.arrayElementVarHandle(long[].class);

    private static final long[] NOT_LOGGED = {};

    private final long[] blockPages;
    private final int[] contentPagesShift;
    /** For each block the pages whose writes are logged; null for all pages. Set before logging is switched on. */
    private final @Nullable PageBitmap[] only;
    /** A word for each 64 pages of each block; null while logging is off. */
    private volatile long @Nullable [][] bits;

    public DirtyLog(List<BlockSpec> blocks) {
        this.blockPages = new long[blocks.size()];
        this.contentPagesShift = new int[blocks.size()];
        this.only = new PageBitmap[blocks.size()];
        for (int i = 0; i < blockPages.length; i++) {
            blockPages[i] = blocks.get(i).pages();
            contentPagesShift[i] = Integer.numberOfTrailingZeros(blocks.get(i).pageBytes() / BasePage.BYTES);
        }
    }

    /** Switches the log on, empty, for the blocks that {@code logged} accepts. */
    public void start(IntPredicate logged) {
        start(logged, block -> PageBitmap.empty(blockPages[block]));
    }

    /**
     * As {@link #start(IntPredicate)}, and for the pages of the other blocks that {@code pages} returns; these sets
     * must not change.
     */
    public void start(IntPredicate logged, IntFunction<PageBitmap> pages) {
        if (bits != null) {
            throw new IllegalStateException("the dirty log is on");
        }
        long[][] empty = new long[blockPages.length][];
        for (int i = 0; i < empty.length; i++) {
            boolean all = logged.test(i);
            PageBitmap some = all ? null : pages.apply(i);
            only[i] = some;
            empty[i] = some == null || !some.isEmpty()
                    ? new long[Math.toIntExact((blockPages[i] + 63) >>> 6)]
                    : NOT_LOGGED;
        }
        bits = empty;
    }

    /** Records that a vCPU has written to a 4 KiB page of a block. */
    public void written(int block, long contentPage) {
        // Orders the write before the read of {@code bits}. Otherwise the read could come first and find logging off,
        // and the write could land after a copy that was made when logging was on.
        VarHandle.fullFence();
        long[][] on = bits;
        if (on != null && on[block].length != 0) {
            long page = contentPage >>> contentPagesShift[block];
            PageBitmap some = only[block];
            if (some == null || some.get(page)) {
                WORD.getAndBitwiseOr(on[block], (int) (page >>> 6), 1L << page);
            }
        }
    }

    @Override
    public PageBitmap take(int block) {
        long[][] on = bits;
        if (on == null) {
            throw new IllegalStateException("the dirty log is off");
        }
        long[] taken = new long[on[block].length];
        for (int i = 0; i < taken.length; i++) {
            if ((long) WORD.getVolatile(on[block], i) != 0) {
                taken[i] = (long) WORD.getAndSet(on[block], i, 0L);
            }
        }
        return PageBitmap.ofWords(blockPages[block], taken);
    }

    @Override
    public boolean isEmpty(int block) {
        long[][] on = bits;
        if (on == null) {
            throw new IllegalStateException("the dirty log is off");
        }
        for (int i = 0; i < on[block].length; i++) {
            if ((long) WORD.getVolatile(on[block], i) != 0) {
                return false;
            }
        }
        return true;
    }

    /** Switches it off; it may be started again. */
    @Override
    public void close() {
        bits = null;
    }
}
