package io.pageflip.os;

import java.io.IOException;
import java.util.List;
import java.util.stream.LongStream;

/** Memory with a content that tells each page from each other. */
final class Samples {
    static final int PAGE = 4096;

    private Samples() {}

    /** Writes {@code first + i} into the first and the last word of page {@code i}. */
    static void number(Mapping mapping, long first) {
        for (long page = 0; page < mapping.length() / PAGE; page++) {
            mapping.setLong(page * PAGE, first + page);
            mapping.setLong(page * PAGE + PAGE - 8, first + page);
        }
    }

    /** Whether page {@code page} is one that {@link #number} wrote as {@code number}. */
    static boolean isNumbered(Mapping mapping, long page, long number) {
        return mapping.getLong(page * PAGE) == number && mapping.getLong(page * PAGE + PAGE - 8) == number;
    }

    /** The page table entries of the first {@code count} pages. */
    static List<Long> entries(Mapping mapping, int count) throws IOException {
        long[] entries = new long[count];
        try (Pagemap pagemap = Pagemap.open()) {
            pagemap.read(mapping, 0, count, PAGE, entries);
        }
        return LongStream.of(entries).boxed().toList();
    }
}
