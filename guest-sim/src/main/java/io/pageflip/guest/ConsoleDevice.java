package io.pageflip.guest;

import java.nio.charset.StandardCharsets;
import java.util.Locale;

/**
 * The guest's serial console. The guest writes numbered lines to it, a byte now and then; the device keeps them in a FIFO
 * and puts them out when that is full. So at almost any moment it holds a piece of a line, which must cross a migration.
 * Used by vCPU 0 while the guest runs, by others only while it stands still.
 */
final class ConsoleDevice {
    /** As a 16550 UART has. */
    static final int FIFO_BYTES = 16;

    private static final int LINE_BYTES = 32;
    private static final long BYTE_INTERVAL_NS = 300_000; // a line in 10 ms

    private final ConsoleLog log;
    private final byte[] fifo = new byte[FIFO_BYTES];
    private int fifoFill;
    private long produced;
    private byte[] line = line(0);
    private long nextByteNs;

    ConsoleDevice(ConsoleLog log) {
        this.log = log;
    }

    private static byte[] line(long number) {
        String text = String.format(Locale.ROOT, "%012d the guest is alive\n", number);
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    /** The guest runs from now on. */
    void start(long nowNs) {
        nextByteNs = nowNs + BYTE_INTERVAL_NS;
    }

    /** Called with every instruction of vCPU 0. */
    void tick(long nowNs) {
        if (nowNs >= nextByteNs) {
            nextByteNs = nowNs + BYTE_INTERVAL_NS;
            writeByte();
        }
    }

    private void writeByte() {
        int column = (int) (produced % LINE_BYTES);
        if (column == 0) {
            line = line(produced / LINE_BYTES);
        }
        fifo[fifoFill++] = line[column];
        produced++;
        if (fifoFill == FIFO_BYTES) {
            log.append(fifo, FIFO_BYTES);
            fifoFill = 0;
        }
    }

    GuestState.Console save() {
        return new GuestState.Console(produced, java.util.Arrays.copyOf(fifo, fifoFill));
    }

    void load(GuestState.Console state) {
        produced = state.produced();
        line = line(produced / LINE_BYTES);
        byte[] pending = state.fifo();
        fifoFill = pending.length;
        System.arraycopy(pending, 0, fifo, 0, pending.length);
    }

    /** Whole lines that the guest has written. */
    long lines() {
        return produced / LINE_BYTES;
    }

    /** Whether everything that the guest ever wrote, and the log still keeps, came out, once, in order. */
    boolean isComplete() {
        long out = log.appended();
        if (out != produced - fifoFill) {
            return false;
        }
        long first = Math.max(0, out - ConsoleLog.RING_BYTES);
        byte[] expected = line(first / LINE_BYTES);
        for (long i = first; i < out; i++) {
            if (i % LINE_BYTES == 0) {
                expected = line(i / LINE_BYTES);
            }
            if (log.byteAt(i) != expected[(int) (i % LINE_BYTES)]) {
                return false;
            }
        }
        return true;
    }
}
