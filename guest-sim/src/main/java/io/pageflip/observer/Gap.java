package io.pageflip.observer;

/**
 * A time in which no vCPU stored a heartbeat, as an observer saw it who looks now and then.
 *
 * @param startNs CLOCK_MONOTONIC of the last look that still saw a new heartbeat
 * @param ns from there to the look that saw the next one
 * @param leastNs the guest was silent at least as long: to the last look that saw nothing new
 * @param mostNs the guest was silent at most as long: from the look before {@code startNs}
 */
public record Gap(long startNs, long ns, long leastNs, long mostNs) {}
