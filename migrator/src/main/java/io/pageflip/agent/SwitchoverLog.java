package io.pageflip.agent;

import io.pageflip.log.EventLog;
import io.pageflip.switchover.SwitchoverPage;

/**
 * Logs, after the switchover, what happened while the guest was paused. In that time the threads of the vCPUs log
 * nothing, and only store times. Called only if the log is on; otherwise this class is not even loaded.
 */
public final class SwitchoverLog {
    private SwitchoverLog() {}

    /**
     * The source's part.
     *
     * @param page the page that the source has written
     */
    public static void source(EventLog log, SwitchoverPage page, int vcpus) {
        for (int i = 0; i < vcpus; i++) {
            log.eventAt(page.vcpuLastInstructionNs(i), "last instruction of vCPU " + i);
        }
        log.eventAt(page.guestPausedNs(), "all vCPUs are paused");
        log.eventAt(page.savedNs(), "the guest's state is saved");
        log.eventAt(page.releasedNs(), "the lock is released");
    }

    /**
     * The destination's part. All times are {@code CLOCK_MONOTONIC} nanoseconds.
     *
     * @param noticedNs when it saw that the lock was free
     * @param lockedNs when it had the lock
     * @param claimedNs when it had loaded the state, and stored its epoch
     * @param firstInstructionNs when each vCPU executed its first instruction
     */
    public static void destination(
            EventLog log, long noticedNs, long lockedNs, long claimedNs, long[] firstInstructionNs) {
        log.eventAt(noticedNs, "sees that the lock is free");
        log.eventAt(lockedNs, "has the lock");
        log.eventAt(claimedNs, "has loaded the guest's state and stored its epoch");
        for (int i = 0; i < firstInstructionNs.length; i++) {
            log.eventAt(firstInstructionNs[i], "first instruction of vCPU " + i);
        }
    }
}
