package io.pageflip.kernel;

/** The flags of vmsplice(2) and splice(2), with Linux's numbers. */
public final class SpliceFlags {
    /** Move pages instead of copying them, where possible. */
    public static final int MOVE = 1;

    /** Do not wait. */
    public static final int NONBLOCK = 2;

    /** More will come. Without effect here. */
    public static final int MORE = 4;

    /** The pages are given away, and not touched again. */
    public static final int GIFT = 8;

    static final int ALL = MOVE | NONBLOCK | MORE | GIFT;

    private SpliceFlags() {}
}
