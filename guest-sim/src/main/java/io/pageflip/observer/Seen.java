package io.pageflip.observer;

import org.jspecify.annotations.Nullable;

/**
 * What an observer saw of one migration: the gap in the guest's heartbeat around the switchover, whatever the program
 * itself says.
 *
 * @param ns the longest gap around the switchover; null if none was seen there, or if its length is not certain
 * @param atLeastNs the guest was silent at least as long; null with {@code ns}
 * @param atMostNs no silence there was longer; null if the guest was not seen to arrive
 * @param longestNs the longest gap during the whole migration, preparations included; 0 if none was seen
 * @param idleNs the longest gap before the migration, or, if the watch began with it, after the switchover: what the
 *     machine itself does; 0 if none was seen
 * @param intervalNs the mean time between two looks during the migration
 * @param longestIntervalNs the longest
 * @param looks how often it looked
 * @param cpuPercent of one processor, which that took
 */
public record Seen(
        @Nullable Long ns,
        @Nullable Long atLeastNs,
        @Nullable Long atMostNs,
        long longestNs,
        long idleNs,
        long intervalNs,
        long longestIntervalNs,
        long looks,
        double cpuPercent) {}
