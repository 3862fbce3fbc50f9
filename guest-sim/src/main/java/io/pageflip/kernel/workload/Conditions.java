package io.pageflip.kernel.workload;

/**
 * How many of the guest's pages are in each {@link Condition}, in millionths of all pages; the rest is plain. The
 * random seed and the page's number decide for each page. So the numbers are approximate; huge pages come in groups of
 * 512.
 *
 * @param races how many of all pages, whatever their condition, have something happen to them at the worst moment
 */
public record Conditions(int thp, int forked, int ksm, int pinned, int swapped, int unaligned, int races, long seed)
        implements PageConditions {
    /** All pages, in millionths. */
    public static final int WHOLE = 1_000_000;

    private static final Condition[] SMALL = {
        Condition.FORKED, Condition.KSM, Condition.PINNED, Condition.SWAPPED, Condition.UNALIGNED
    };

    /** @throws IllegalArgumentException if a number is negative, or the conditions together are more than all pages */
    public Conditions {
        if (Math.min(Math.min(thp, forked), Math.min(ksm, pinned)) < 0
                || Math.min(Math.min(swapped, unaligned), races) < 0
                || races > WHOLE
                || (long) thp + forked + ksm + pinned + swapped + unaligned > WHOLE) {
            throw new IllegalArgumentException("parts of a guest that do not add up: " + thp + ", " + forked + ", "
                    + ksm + ", " + pinned + ", " + swapped + ", " + unaligned + "; " + races);
        }
    }

    /** A guest whose pages are all plain. */
    public static Conditions plain(long seed) {
        return new Conditions(0, 0, 0, 0, 0, 0, 0, seed);
    }

    @Override
    public boolean isHuge(long chunk) {
        return below(random(~chunk) >>> 32, WHOLE) < thp;
    }

    @Override
    public Condition of(long page) {
        int drawn = WHOLE == thp ? 0 : below(random(page) >>> 32, WHOLE - thp);
        for (Condition condition : SMALL) {
            drawn -= part(condition);
            if (drawn < 0) {
                return condition;
            }
        }
        return Condition.PLAIN;
    }

    private int part(Condition condition) {
        return switch (condition) {
            case PLAIN -> WHOLE - thp - forked - ksm - pinned - swapped - unaligned;
            case HUGE -> thp;
            case FORKED -> forked;
            case KSM -> ksm;
            case PINNED -> pinned;
            case SWAPPED -> swapped;
            case UNALIGNED -> unaligned;
        };
    }

    @Override
    public boolean races(long page) {
        return races > 0 && below(random(page) & 0xffff_ffffL, WHOLE) < races;
    }

    @Override
    public boolean allPlain() {
        return part(Condition.PLAIN) == WHOLE && races == 0;
    }

    private static int below(long random32, int bound) {
        return (int) ((random32 * bound) >>> 32);
    }

    /**
     * SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014), computed at any place of
     * its sequence.
     */
    private long random(long place) {
        long a = (seed ^ 0x5851_f42d_4c95_7f2dL) + (place + 1) * 0x9e37_79b9_7f4a_7c15L;
        long b = (a ^ (a >>> 30)) * 0xbf58_476d_1ce4_e5b9L;
        long c = (b ^ (b >>> 27)) * 0x94d0_49bb_1331_11ebL;
        return c ^ (c >>> 31);
    }
}
