package io.pageflip.source;

import io.pageflip.guest.GuestConfig;
import io.pageflip.ram.DirtyTracking;
import io.pageflip.request.Mechanism;
import io.pageflip.request.PrecopyLimits;
import io.pageflip.request.Schedule;
import io.pageflip.scenario.Scenario;
import io.pageflip.scenario.ScriptedFault;
import io.pageflip.warmup.Warmup;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * What the source agent is asked to do.
 *
 * @param scenario what an experiment adds to the guest
 * @param gifts false with {@code --no-gift}
 * @param noWayBack the user knows that gifted pages may be gone for good
 * @param samePipe whether vmspliced pages go through the migration stream itself, which is a pipe
 * @param batchPages pages of a block, at most, that one system call moves
 * @param verify whether the guest is verified after a failed migration, which it survives here
 * @param runAfterNs how long it is watched then, in nanoseconds
 * @param limits of a precopy
 * @param dirtyTracking how a precopy notices what the guest writes
 * @param adoptChunkBytes 0, or: RAM is started in private memory, which becomes what {@code guest} says while it runs,
 *     in chunks of so many bytes
 * @param ramDirectory where the file of RAM in {@link io.pageflip.ram.Backing#FILE} takes its blocks; null with any
 *     other
 * @param warmUp how much is done before the guest is paused
 */
public record SourceOptions(
        GuestConfig guest,
        Scenario scenario,
        Mechanism mechanism,
        Schedule schedule,
        boolean gifts,
        boolean noWayBack,
        boolean samePipe,
        int batchPages,
        boolean verify,
        long runAfterNs,
        PrecopyLimits limits,
        DirtyTracking dirtyTracking,
        long adoptChunkBytes,
        @Nullable Path ramDirectory,
        ScriptedFault fault,
        Warmup.Config warmUp) {
    public SourceOptions {
        scenario.requireFit(guest.backing(), guest.fillPercent());
    }

    /** Options of a migration of a plain guest without rounds. */
    public SourceOptions(
            GuestConfig guest,
            Mechanism mechanism,
            Schedule schedule,
            boolean gifts,
            boolean noWayBack,
            boolean samePipe,
            int batchPages,
            boolean verify,
            long runAfterNs,
            ScriptedFault fault) {
        this(
                guest,
                Scenario.PLAIN,
                mechanism,
                schedule,
                gifts,
                noWayBack,
                samePipe,
                batchPages,
                verify,
                runAfterNs,
                PrecopyLimits.DEFAULT,
                DirtyTracking.WRITE_PROTECT,
                0,
                null,
                fault,
                Warmup.Config.DEFAULT);
    }

    boolean adopts() {
        return adoptChunkBytes > 0;
    }
}
