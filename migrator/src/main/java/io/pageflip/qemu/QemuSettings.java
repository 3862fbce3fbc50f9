package io.pageflip.qemu;

import io.pageflip.guest.GuestConfig;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What is asked of a QEMU and its migration.
 *
 * @param binary QEMU's program
 * @param accelerator {@code tcg} or {@code kvm}
 * @param arguments added to the command lines of both processes
 * @param guest RAM, workload, dirty rate, hot set, fill and seed count
 * @param downtimeLimitMs QEMU's {@code downtime-limit}; null where QEMU does not decide when to pause
 * @param runAfterS how long the guest runs after the migration, in seconds
 * @param observerPercent of one processor that the observer may take
 * @param verify whether the guest checks its pages afterwards
 */
public record QemuSettings(
        QemuBinary binary,
        QemuMode mode,
        String accelerator,
        List<String> arguments,
        GuestConfig guest,
        @Nullable Integer downtimeLimitMs,
        double runAfterS,
        double observerPercent,
        boolean verify) {
    /** What a file with guest RAM holds besides: devices, a bitmap of its pages. */
    private static final long BESIDE_RAM = 16 << 20;

    public QemuSettings {
        arguments = List.copyOf(arguments);
    }

    /** Bytes of the files on disk that the migration writes, if they are many; else 0. */
    long fileBytes() {
        return mode == QemuMode.MAPPED_RAM ? guest.ramBytes() + BESIDE_RAM : 0;
    }
}
