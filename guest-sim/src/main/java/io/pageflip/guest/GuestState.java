package io.pageflip.guest;

import java.util.List;

/**
 * Everything of a stopped guest that is not RAM.
 *
 * @param clockNs the guest's own clock, which counts only while it runs
 */
public record GuestState(List<Vcpu> vcpus, long clockNs, Console console) {
    public GuestState {
        vcpus = List.copyOf(vcpus);
    }

    /**
     * A vCPU's registers.
     *
     * @param instructions executed so far; equals its heartbeat counter
     * @param lastInstructionNs CLOCK_MONOTONIC when the last one was executed
     * @param random state of its random numbers
     * @param cursor where a sequential workload is
     */
    public record Vcpu(long instructions, long lastInstructionNs, long random, long cursor) {}

    /**
     * The console device.
     *
     * @param produced bytes that the guest has written to it
     * @param fifo the last of them, which it has not put out yet; at most {@link ConsoleDevice#FIFO_BYTES}
     */
    @SuppressWarnings("ArrayRecordComponent") // copied in and out
    public record Console(long produced, byte[] fifo) {
        public Console {
            fifo = fifo.clone();
        }

        @Override
        public byte[] fifo() {
            return fifo.clone();
        }
    }
}
