package io.pageflip.destination;

import io.pageflip.guest.Guest;
import java.io.IOException;

/** The vCPUs of the guest that runs here, for the thread that waits for its pages. */
interface VcpuWatch {
    /** For each vCPU, when it executed its first instruction, in CLOCK_MONOTONIC nanoseconds; 0 if it has not yet. */
    long[] firstBeatsNs();

    /** Throws if a vCPU has failed. */
    void check() throws IOException;

    /** The vCPUs of {@code guest}. */
    static VcpuWatch of(Guest guest) {
        return new VcpuWatch() {
            @Override
            public long[] firstBeatsNs() {
                return guest.firstBeatsNs();
            }

            @Override
            public void check() throws IOException {
                guest.checkVcpus();
            }
        };
    }
}
