package io.pageflip.qemu;

import org.jspecify.annotations.Nullable;

/**
 * The memory that a migration of a real QEMU took.
 *
 * @param peakPssBytes the most that both processes had together; null if the migration failed
 * @param failure why it failed; null if it did not
 */
public record QemuMemory(
        @Nullable Long peakPssBytes, @Nullable String failure) {}
