package io.pageflip.agent;

import io.pageflip.log.EventLog;
import io.pageflip.switchover.SwitchoverPage;

/**
 * Logs what happened while the guest was paused, afterwards: nobody logs anything on the threads of vCPUs then, which
 * only note their times. Called only where the log is on: this class is not even loaded otherwise.
 */
public final class SwitchoverLog {
    private SwitchoverLog() {}

    /**
     * The source's part.
     *
     * @param page as the source has written it
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
     * @param noticedNs it saw that the lock was free
     * @param lockedNs it had the lock
     * @param claimedNs it had loaded the state, and stored its epoch
     * @param firstInstructionNs of each vCPU
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
