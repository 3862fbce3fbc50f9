package io.pageflip.transfer;

import io.pageflip.guest.BlockSpec;
import io.pageflip.guest.DataMap;
import io.pageflip.memory.PageBitmap;
import io.pageflip.os.Errno;
import io.pageflip.os.MemFd;
import io.pageflip.os.NativeBuffer;
import io.pageflip.os.Pagemap;
import io.pageflip.os.ProcessMemory;
import io.pageflip.os.SyscallException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The memory of a guest that stands in another process, for whoever reads its pages there. Any number of threads. */
public final class SourcePages {
    private final int pid;
    private final List<Long> addresses;
    private final List<@Nullable MemFd> files;
    private final SourceGate gate;
    private final ThreadLocal<ProcessMemory> memory;

    /**
     * Reads nothing yet.
     *
     * @param pid the process
     * @param addresses where each block of the guest lies there
     * @param files the memfd of each block, which stay their owner's; null for private memory
     * @param gate asked before each reading
     */
    public SourcePages(int pid, List<Long> addresses, List<@Nullable MemFd> files, SourceGate gate) {
        this.pid = pid;
        this.addresses = List.copyOf(addresses);
        this.files = Collections.unmodifiableList(new ArrayList<>(files));
        this.gate = gate;
        this.memory = ThreadLocal.withInitial(() -> new ProcessMemory(pid));
    }

    /** Whether the process is there, and its memory: asked of the first page of block {@code ram}, which always holds data. */
    public boolean isAlive() {
        return memory.get().read(addresses.get(0), NativeBuffer.allocate(1), 0, 1) == 1;
    }

    /** The pages of a block that hold data. */
    PageBitmap data(int block, BlockSpec spec) throws IOException {
        gate.pass();
        try (Pagemap pagemap = Pagemap.ofProcess(pid)) {
            return DataMap.scanOther(spec, files.get(block), pagemap, addresses.get(block));
        }
    }

    /** Copies {@code bytes} bytes at {@code offset} of a block to the start of {@code to}, all of them. */
    void read(int block, long offset, NativeBuffer to, int bytes) throws IOException {
        gate.pass();
        int done = 0;
        while (done < bytes) {
            long read = memory.get().read(addresses.get(block) + offset + done, to, done, bytes - done);
            if (read <= 0) {
                throw new SyscallException(
                        "process_vm_readv of process " + pid, read == 0 ? Errno.EFAULT : (int) -read);
            }
            done += (int) read;
        }
    }

    /** Asked before each reading. */
    public SourceGate gate() {
        return gate;
    }
}
