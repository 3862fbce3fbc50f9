package io.pageflip.agent;

/**
 * How the vCPUs of a precopy that does not converge are throttled, with QEMU's names and defaults.
 *
 * @param initialPercent of the time for which the vCPUs rest at first: {@code cpu-throttle-initial}
 * @param incrementPercent that is added each time: {@code cpu-throttle-increment}
 * @param maxPercent {@code max-cpu-throttle}
 * @param triggerPercent they are throttled if the guest wrote more than this part of what a round sent:
 *     {@code throttle-trigger-threshold}
 */
public record Throttling(int initialPercent, int incrementPercent, int maxPercent, int triggerPercent) {
    /** As QEMU's. */
    public static final Throttling DEFAULT = new Throttling(20, 10, 99, 50);
}
