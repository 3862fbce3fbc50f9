package io.pageflip.memory;

/**
 * Consecutive pages of one RAM block, in pages of that block.
 *
 * @param first index of the first page, 0 or more
 * @param count number of pages, 1 or more
 */
public record PageRange(long first, long count) {
    public PageRange {
        if (first < 0 || count < 1 || first + count < 0) {
            throw new IllegalArgumentException("no page range: " + first + "+" + count);
        }
    }

    /** The index after the last page. */
    public long end() {
        return first + count;
    }

    @Override
    public String toString() {
        return count == 1 ? "page " + first : "pages " + first + " to " + (end() - 1);
    }
}
