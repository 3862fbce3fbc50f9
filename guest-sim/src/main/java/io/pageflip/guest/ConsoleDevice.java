package io.pageflip.guest;

import io.pageflip.switchover.SwitchoverPage;
import java.io.IOException;
import java.nio.charset.StandardCharsets;

/**
 * The guest's serial console. The guest writes numbered lines to it, a byte now and then; the device keeps them in a
 * FIFO and puts them out when that is full. So at almost any moment it holds a piece of a line, which must cross a
 * migration. Used by vCPU 0 while the guest runs, by others only while it is paused.
 */
public final class ConsoleDevice {
    /** The size of the FIFO of a 16550 UART. */
    static final int FIFO_BYTES = 16;

    private static final String TEXT = "000000000000 the guest is alive\n";
    private static final int LINE_BYTES = TEXT.length();
    private static final int DIGITS = 12;
    /** More than a guest writes in a thousand years: a count beyond it is a lie, and would overflow some day. */
    private static final long MOST_PRODUCED = 1L << 60;

    private static final long BYTE_INTERVAL_NS = 300_000; // a line in 10 ms

    private final ConsoleLog log;
    private final byte[] fifo = new byte[FIFO_BYTES];
    private int fifoFill;
    private long produced;
    private final byte[] line = TEXT.getBytes(StandardCharsets.US_ASCII);
    private final byte[] expected = line.clone();
    private long nextByteNs;

    ConsoleDevice(ConsoleLog log) {
        this.log = log;
    }

    /**
     * Writes the number of a line. Uses no formatter: the first line after a switchover must not wait until that is
     * loaded.
     */
    private static void number(byte[] line, long number) {
        long rest = number;
        for (int i = DIGITS - 1; i >= 0; i--) {
            line[i] = (byte) ('0' + rest % 10);
            rest /= 10;
        }
    }

    /** Called when the guest begins to run. */
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
            number(line, produced / LINE_BYTES);
        }
        fifo[fifoFill++] = line[column];
        produced++;
        if (fifoFill == FIFO_BYTES) {
            log.append(fifo, FIFO_BYTES);
            fifoFill = 0;
        }
    }

    void save(SwitchoverPage page) {
        page.setConsole(produced, fifoFill, word(0), word(Long.BYTES));
    }

    private long word(int from) {
        long word = 0;
        for (int i = Long.BYTES - 1; i >= 0; i--) {
            word = (word << Byte.SIZE) | (fifo[from + i] & 0xff);
        }
        return word;
    }

    private void putWord(int at, long word) {
        for (int i = 0; i < Long.BYTES; i++) {
            fifo[at + i] = (byte) (word >>> (i * Byte.SIZE));
        }
    }

    /** Continues where another agent's device stopped. */
    void load(SwitchoverPage page) throws IOException {
        long count = page.consoleProduced();
        int fill = page.consoleFifoFill();
        if (count < 0 || count > MOST_PRODUCED || fill < 0 || fill >= FIFO_BYTES || fill > count) {
            throw new IOException("a console that has produced " + count + " bytes and holds " + fill
                    + " of them; its FIFO has " + FIFO_BYTES);
        }
        produced = count;
        fifoFill = fill;
        putWord(0, page.consoleFifo(0));
        putWord(Long.BYTES, page.consoleFifo(Long.BYTES));
        number(line, produced / LINE_BYTES);
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
        number(expected, first / LINE_BYTES);
        for (long i = first; i < out; i++) {
            if (i % LINE_BYTES == 0) {
                number(expected, i / LINE_BYTES);
            }
            if (log.byteAt(i) != expected[(int) (i % LINE_BYTES)]) {
                return false;
            }
        }
        return true;
    }
}
