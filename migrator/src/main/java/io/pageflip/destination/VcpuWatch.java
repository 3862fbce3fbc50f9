package io.pageflip.destination;

import io.pageflip.guest.Guest;
import java.io.IOException;

/** The vCPUs of the guest that runs here, for whoever waits for its pages. */
interface VcpuWatch {
    /** Of each, when it executed its first instruction, in CLOCK_MONOTONIC nanoseconds; 0 for one that has not. */
    long[] firstBeatsNs();

    /** Throws if one has failed. */
    void check() throws IOException;

    /** Those of a guest. */
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
