package io.pageflip.memory;

import java.util.function.Consumer;

/** A set of page indexes from 0 to a fixed size, one bit each. Not thread-safe. */
public final class PageBitmap {
    private static final int SHIFT = 6;

    private final long[] words;
    private final long pages;
    private long cardinality;

    /** The empty set of {@code pages} possible pages. */
    public PageBitmap(long pages) {
        this(pages, new long[Math.toIntExact((pages + 63) >>> SHIFT)]);
    }

    private PageBitmap(long pages, long[] words) {
        this.words = words;
        this.pages = pages;
        for (long word : words) {
            cardinality += Long.bitCount(word);
        }
    }

    /**
     * A set given by its words, which are its own from now on: page {@code p} is bit {@code p % 64} of word {@code p /
     * 64}.
     *
     * @throws IllegalArgumentException if there are more or fewer words than it takes, or bits beyond the last page
     */
    public static PageBitmap ofWords(long pages, long[] words) {
        if (words.length != (pages + 63) >>> SHIFT || ((pages & 63) != 0 && words[words.length - 1] >>> pages != 0)) {
            throw new IllegalArgumentException(
                    words.length + " words, or their bits, are no set of " + pages + " pages");
        }
        return new PageBitmap(pages, words);
    }

    /** The number of possible pages. */
    public long pages() {
        return pages;
    }

    /** The number of pages in the set. */
    public long cardinality() {
        return cardinality;
    }

    public boolean get(long page) {
        check(page, 1);
        return (words[(int) (page >>> SHIFT)] & (1L << page)) != 0;
    }

    /**
     * Adds a range.
     *
     * @return how many of its pages were not in the set before: less than {@code count} tells of an overlap
     */
    public long add(long first, long count) {
        check(first, count);
        long added = 0;
        long page = first;
        long end = first + count;
        while (page < end) {
            int word = (int) (page >>> SHIFT);
            long upTo = Math.min(end, (page | 63) + 1);
            long mask = mask(page, upTo);
            added += Long.bitCount(mask & ~words[word]);
            words[word] |= mask;
            page = upTo;
        }
        cardinality += added;
        return added;
    }

    /** Bits from {@code from} (inclusive) to {@code to} (exclusive) of one word, as indexes of pages. */
    private static long mask(long from, long to) {
        int length = (int) (to - from);
        return (length == 64 ? -1L : (1L << length) - 1) << (from & 63);
    }

    /** Adds all pages of another set of as many possible pages. */
    public void addAll(PageBitmap other) {
        if (other.pages != pages) {
            throw new IllegalArgumentException("a set of " + other.pages + " pages is none of " + pages);
        }
        cardinality = 0;
        for (int i = 0; i < words.length; i++) {
            words[i] |= other.words[i];
            cardinality += Long.bitCount(words[i]);
        }
    }

    /** Removes all pages of another set of as many possible pages. */
    public void removeAll(PageBitmap other) {
        if (other.pages != pages) {
            throw new IllegalArgumentException("a set of " + other.pages + " pages is none of " + pages);
        }
        cardinality = 0;
        for (int i = 0; i < words.length; i++) {
            words[i] &= ~other.words[i];
            cardinality += Long.bitCount(words[i]);
        }
    }

    /** The first page of the set from {@code from} on, or {@link #pages} if there is none. */
    public long nextSet(long from) {
        return next(from, 0);
    }

    /** The first page from {@code from} on that is not in the set, or {@link #pages} if there is none. */
    public long nextClear(long from) {
        return next(from, -1L);
    }

    private long next(long from, long flip) {
        if (from >= pages) {
            return pages;
        }
        int word = (int) (from >>> SHIFT);
        long bits = (words[word] ^ flip) & (-1L << from);
        while (bits == 0) {
            if (++word == words.length) {
                return pages;
            }
            bits = words[word] ^ flip;
        }
        return Math.min(pages, ((long) word << SHIFT) + Long.numberOfTrailingZeros(bits));
    }

    /** Calls {@code action} for each run of consecutive pages of the set, in order, cut after {@code most} pages. */
    public void forEachRun(long most, Consumer<PageRange> action) {
        for (long first = nextSet(0); first < pages; first = nextSet(first)) {
            long end = nextClear(first);
            while (first < end) {
                long count = Math.min(most, end - first);
                action.accept(new PageRange(first, count));
                first += count;
            }
        }
    }

    private void check(long first, long count) {
        if (first < 0 || count < 0 || first > pages - count) {
            throw new IndexOutOfBoundsException(first + "+" + count + " of " + pages + " pages");
        }
    }
}
