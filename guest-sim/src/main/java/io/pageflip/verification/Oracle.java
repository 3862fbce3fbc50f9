package io.pageflip.verification;

import io.pageflip.heartbeat.Pulse;
import io.pageflip.memory.BasePage;
import io.pageflip.os.Mapping;
import io.pageflip.os.MemFd;
import io.pageflip.os.SyscallException;
import io.pageflip.ram.BlockSpec;
import java.util.List;

/**
 * Knows what every 4 KiB page of guest RAM must hold: its generation, 0 for never written. It lies in a memfd of its
 * own that both agents map, so it crosses no migration and cannot be damaged by one. A page's generation is advanced by
 * the one vCPU that writes the page; verification reads it while the guest is paused. The guest's {@link Pulse} follows
 * the generations, from a page boundary on.
 */
public final class Oracle implements AutoCloseable {
    private static final int ENTRY = 4;

    private final MemFd file;
    private final Mapping mapping;
    private final Pulse pulse;
    private final long[] firstEntry;

    private Oracle(MemFd file, Mapping mapping, List<BlockSpec> blocks) {
        this.file = file;
        this.mapping = mapping;
        this.pulse = new Pulse(mapping, pulseAt(blocks));
        this.firstEntry = new long[blocks.size()];
        for (int i = 1; i < firstEntry.length; i++) {
            firstEntry[i] = firstEntry[i - 1] + blocks.get(i - 1).oraclePages();
        }
    }

    /** The length of the memfd that an oracle for these blocks lies in. */
    public static long lengthBytes(List<BlockSpec> blocks) {
        return pulseAt(blocks) + Pulse.lengthBytes();
    }

    private static long pulseAt(List<BlockSpec> blocks) {
        long generations = blocks.stream().mapToLong(BlockSpec::oraclePages).sum() * ENTRY;
        return (generations + BasePage.BYTES - 1) / BasePage.BYTES * BasePage.BYTES;
    }

    public static Oracle create(List<BlockSpec> blocks) throws SyscallException {
        return attach(MemFd.create("oracle", lengthBytes(blocks), false), blocks);
    }

    /** Maps an oracle that another process made; takes over {@code file}. */
    public static Oracle attach(MemFd file, List<BlockSpec> blocks) throws SyscallException {
        try {
            return new Oracle(file, Mapping.shared(file), blocks);
        } catch (SyscallException | RuntimeException e) {
            file.close();
            throw e;
        }
    }

    public MemFd file() {
        return file;
    }

    /** The guest's pulse; valid until the oracle is closed. */
    public Pulse pulse() {
        return pulse;
    }

    public int generation(int block, long page) {
        return mapping.getInt(offset(block, page));
    }

    /** Advances a page to its next generation and returns that; the caller then writes the page. */
    public int advance(int block, long page) {
        long offset = offset(block, page);
        int next = mapping.getInt(offset) + 1;
        mapping.setInt(offset, next);
        return next;
    }

    private long offset(int block, long page) {
        return (firstEntry[block] + page) * ENTRY;
    }

    @Override
    public void close() {
        mapping.close();
        file.close();
    }
}
