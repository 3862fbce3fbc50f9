package io.pageflip.os;

/**
 * Nanoseconds of {@code CLOCK_MONOTONIC}, which is one clock for all processes of a host. Injected wherever time is
 * read.
 */
@FunctionalInterface
public interface NanoClock {
    /**
     * The host's clock: {@link System#nanoTime()}, which on Linux is {@code clock_gettime(CLOCK_MONOTONIC)} in every
     * JVM, so that readings of two agents may be compared (a test asserts it).
     */
    NanoClock SYSTEM = System::nanoTime;

    /** Now, in nanoseconds since an origin that all processes of this boot share. */
    long nanoTime();
}
