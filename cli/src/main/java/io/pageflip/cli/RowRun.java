package io.pageflip.cli;

import io.pageflip.metrics.Failure;
import io.pageflip.metrics.MigrationStatus;
import io.pageflip.metrics.Owner;
import io.pageflip.metrics.RunResult;
import io.pageflip.observer.Seen;
import io.pageflip.qemu.QemuResult;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * One run of one row of a comparison: of pageflip, or of a real QEMU.
 *
 * @param pageflip null if it was QEMU
 * @param qemu null if it was pageflip
 * @param seen what an observer outside saw; null if nobody watched
 */
record RowRun(
        @Nullable RunResult pageflip,
        @Nullable QemuResult qemu,
        @Nullable Seen seen) {
    static RowRun of(RunResult result, @Nullable Seen seen) {
        return new RowRun(result, null, seen);
    }

    static RowRun of(QemuResult result) {
        return new RowRun(null, result, result.seen());
    }

    /** Of a run of pageflip that could not begin. */
    static RowRun failed(IOException e) {
        return of(
                RunResult.ended(
                        MigrationStatus.FAILED, Owner.NOBODY_YET, null, Failure.of(Failure.Kind.MIGRATION_FAILED, e)),
                null);
    }

    /** Of a run of QEMU that could not begin. */
    static RowRun qemuFailed(IOException e) {
        return of(QemuResult.failed(String.valueOf(e.getMessage())));
    }

    /** As {@link ExitCodes#of(RunResult)}. */
    int exitCode() {
        if (pageflip != null) {
            return ExitCodes.of(pageflip);
        }
        if (qemu == null || qemu.isGood()) {
            return ExitCodes.OK;
        }
        return qemu.error() == null ? ExitCodes.DIFFERENT : ExitCodes.FAILED;
    }
}
