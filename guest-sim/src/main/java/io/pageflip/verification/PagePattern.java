package io.pageflip.verification;

import io.pageflip.memory.BasePage;
import io.pageflip.memory.SplitMix64;
import io.pageflip.os.NativeBuffer;

/**
 * The content of a 4 KiB page of guest RAM: 512 words that follow from its place (block and index) and generation. Word
 * 0 is the place and word 1 the generation, so that a wrong page shows what it is. One thread at a time may use an
 * object.
 */
public final class PagePattern {
    private static final int WORDS = BasePage.BYTES / 8;
    private static final long PLACE_TAG = 0x5047_0000_0000_0000L; // "PG"
    private static final long PLACE_TAG_MASK = 0xffff_0000_0000_0000L;
    private static final int BLOCK_SHIFT = 40;
    private static final long STEP = 0x9e37_79b9_7f4a_7c15L;

    private final long[] words = new long[WORDS];
    private final NativeBuffer page = NativeBuffer.allocate(BasePage.BYTES);

    /** The content of generation {@code generation} (1 or more) at a place; valid until the next call. */
    public NativeBuffer of(int block, long index, int generation) {
        return of(PLACE_TAG | (long) block << BLOCK_SHIFT | index, generation);
    }

    private NativeBuffer of(long place, long generation) {
        long base = SplitMix64.mix(place * STEP + generation);
        for (int i = 0; i < WORDS; i++) {
            words[i] = base + i * STEP;
        }
        words[0] = place;
        words[1] = generation;
        page.putLongs(words, WORDS);
        return page;
    }

    /**
     * Finds out what is wrong with the first {@code bytes} bytes of {@code found}, which differ from the expected
     * content.
     */
    Damage diagnose(NativeBuffer found, int bytes, int block, long index) {
        long place = found.bytes().getLong(0);
        long generation = found.bytes().getLong(8);
        byte[] actual = new byte[bytes];
        found.bytes().get(0, actual);
        if (isZero(actual)) {
            return Damage.LOST;
        }
        byte[] consistent = new byte[bytes];
        of(place, generation).bytes().get(0, consistent);
        if ((place & PLACE_TAG_MASK) != PLACE_TAG || !java.util.Arrays.equals(actual, consistent)) {
            return Damage.TORN;
        }
        long expectedPlace = PLACE_TAG | (long) block << BLOCK_SHIFT | index;
        return place == expectedPlace ? Damage.STALE : Damage.MISPLACED;
    }

    private static boolean isZero(byte[] bytes) {
        for (byte b : bytes) {
            if (b != 0) {
                return false;
            }
        }
        return true;
    }

    /** How a page can be wrong. */
    enum Damage {
        /** All zeros, where something was written. */
        LOST,
        /** The page's own content, of another generation. */
        STALE,
        /** No content that any page ever had. */
        TORN,
        /** The whole content of another page. */
        MISPLACED
    }
}
