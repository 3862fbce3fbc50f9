package io.pageflip.kernel;

/**
 * A piece of a process's memory that is an argument of a call: {@code struct iovec}.
 *
 * @param base its first address; a multiple of a {@linkplain PageFrame#GRAIN_BYTES grain}, as is the length
 * @param length in bytes
 */
public record Iovec(long base, long length) {
    public Iovec {
        if (base < 0 || length < 0 || (base | length) % PageFrame.GRAIN_BYTES != 0) {
            throw new IllegalArgumentException("no piece of memory in the model: " + base + "+" + length);
        }
    }

    /** A piece of {@code pages} whole pages. */
    public static Iovec ofPages(long base, long pages) {
        return new Iovec(base, pages * PageFrame.SIZE);
    }
}
