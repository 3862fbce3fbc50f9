package io.pageflip.memory;

import java.util.function.Consumer;

/** A set of page indexes from 0 to a fixed size, one bit each. Not thread-safe. */
public final class PageBitmap {
    private static final int SHIFT = 6;
    private static final long[] NO_WORDS = {};

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

    /** An empty set that stays empty, and takes no memory however many pages there could be. */
    public static PageBitmap empty(long pages) {
        return new PageBitmap(pages, NO_WORDS);
    }

    /**
     * Makes a set of its words, which it owns from now on: page {@code p} is bit {@code p % 64} of word {@code p / 64}.
     *
     * @throws IllegalArgumentException if there are more or fewer words than the set needs, or bits beyond the last
     *     page
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

    public boolean isEmpty() {
        return cardinality == 0;
    }

    public boolean get(long page) {
        check(page, 1);
        return words.length != 0 && (words[(int) (page >>> SHIFT)] & (1L << page)) != 0;
    }

    /**
     * Adds a range.
     *
     * @return how many of its pages were not in the set before: less than {@code count} means an overlap
     */
    public long add(long first, long count) {
        check(first, count);
        requireWords();
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
            throw new IllegalArgumentException("a set of " + other.pages + " pages, not of " + pages);
        }
        if (other.words.length == 0) {
            return;
        }
        requireWords();
        cardinality = 0;
        for (int i = 0; i < words.length; i++) {
            words[i] |= other.words[i];
            cardinality += Long.bitCount(words[i]);
        }
    }

    /** Removes all pages of another set of as many possible pages. */
    public void removeAll(PageBitmap other) {
        if (other.pages != pages) {
            throw new IllegalArgumentException("a set of " + other.pages + " pages, not of " + pages);
        }
        if (other.words.length == 0) {
            return;
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
        if (words.length == 0) {
            return flip == 0 ? pages : from;
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

    /** A new set of the first pages of this one, at most so many. */
    public PageBitmap first(long most) {
        PageBitmap taken = new PageBitmap(pages);
        long left = most;
        for (PageRuns runs = runs(); left > 0 && runs.next(); ) {
            long count = Math.min(left, runs.end() - runs.first());
            taken.add(runs.first(), count);
            left -= count;
        }
        return taken;
    }

    /** A walk over the runs of consecutive pages of the set. */
    public PageRuns runs() {
        return new PageRuns(this, true, 0, pages);
    }

    /** A walk over the runs of the set in pages {@code from} to {@code to}, exclusive; runs are cut there. */
    public PageRuns runs(long from, long to) {
        return new PageRuns(this, true, from, Math.min(to, pages));
    }

    /** A walk over the runs of consecutive pages that are not in the set. */
    public PageRuns gaps() {
        return new PageRuns(this, false, 0, pages);
    }

    /** Calls {@code action} for each run of consecutive pages of the set, in order, cut after {@code most} pages. */
    public void forEachRun(long most, Consumer<PageRange> action) {
        for (PageRuns runs = runs(); runs.next(); ) {
            for (long first = runs.first(); first < runs.end(); ) {
                long count = Math.min(most, runs.end() - first);
                action.accept(new PageRange(first, count));
                first += count;
            }
        }
    }

    private void requireWords() {
        if (words.length == 0 && pages > 0) {
            throw new UnsupportedOperationException("a set that stays empty");
        }
    }

    private void check(long first, long count) {
        if (first < 0 || count < 0 || first > pages - count) {
            throw new IndexOutOfBoundsException(first + "+" + count + " of " + pages + " pages");
        }
    }
}
