package io.pageflip.os;

/**
 * Nanoseconds of {@code CLOCK_MONOTONIC}, which is one clock for all processes of a host. Injected wherever time is
 * read.
 */
@FunctionalInterface
public interface NanoClock {
    /**
     * The host's clock: {@link System#nanoTime()}, which on Linux is {@code clock_gettime(CLOCK_MONOTONIC)} in every
     * JVM (a test asserts it), less the offset of this process's {@link TimeNamespace}; so readings of two agents may
     * be compared.
     */
    NanoClock SYSTEM = TimeNamespace.OWN.offsetNs() == 0
            ? System::nanoTime
            : () -> System.nanoTime() - TimeNamespace.OWN.offsetNs();

    /** Now, in nanoseconds since an origin that all processes of this boot share. */
    long nanoTime();
}
