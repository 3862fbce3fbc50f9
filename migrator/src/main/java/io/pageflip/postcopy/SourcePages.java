package io.pageflip.postcopy;

import io.pageflip.memory.PageBitmap;
import io.pageflip.os.Errno;
import io.pageflip.os.Fd;
import io.pageflip.os.HostLacksException;
import io.pageflip.os.MemFd;
import io.pageflip.os.NativeBuffer;
import io.pageflip.os.Pagemap;
import io.pageflip.os.ProcessMemory;
import io.pageflip.os.SyscallException;
import io.pageflip.ram.BlockSpec;
import io.pageflip.ram.DataMap;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Reads the pages of a guest that is paused in another process out of that process's memory, and never out of a later
 * process with the same number. Any number of threads may use it.
 */
public final class SourcePages implements PageSource, AutoCloseable {
    private final int pid;
    private final Fd process;
    private final List<Long> addresses;
    private final List<@Nullable MemFd> files;
    private final SourceGate gate;
    private final ThreadLocal<ProcessMemory> memory;

    /**
     * An object that has read nothing yet.
     *
     * @param pid the process, which is alive
     * @param addresses where each block of the guest lies there
     * @param files the memfd of each block, which this object does not own; null for private memory
     * @param gate passed before each read
     * @throws SyscallException {@code ESRCH} if there is no such process
     */
    public SourcePages(int pid, List<Long> addresses, List<@Nullable MemFd> files, SourceGate gate)
            throws SyscallException {
        this.pid = pid;
        this.process = Fd.ofProcess(pid);
        this.addresses = List.copyOf(addresses);
        this.files = Collections.unmodifiableList(new ArrayList<>(files));
        this.gate = gate;
        this.memory = ThreadLocal.withInitial(() -> new ProcessMemory(pid));
    }

    @Override
    public void close() {
        process.close();
    }

    /**
     * Checks that pages can be read. Call it before the switchover, while a failure loses nothing.
     *
     * @throws HostLacksException if they cannot
     */
    public void check() throws IOException {
        int read = readFirstByte();
        if (read != 1) {
            throw new HostLacksException("this process may not read the memory of the source, process " + pid
                    + " (process_vm_readv: " + Errno.name(-read) + "); use --mechanism flip or stream");
        }
        try {
            Pagemap.ofProcess(pid).close();
        } catch (SyscallException e) {
            throw new HostLacksException(
                    "this process may not see which pages the source has (" + e.getMessage()
                            + "); use --mechanism flip, or --schedule stop-and-move",
                    e);
        }
    }

    @Override
    public boolean isAlive() throws SyscallException {
        return !process.awaitReadable(0) && readFirstByte() == 1;
    }

    /** Reads a byte of the first page of block {@code ram}, which always holds data. */
    private int readFirstByte() {
        return (int) memory.get().read(addresses.get(0), NativeBuffer.allocate(1), 0, 1);
    }

    /** The pages of a block that hold data. */
    PageBitmap data(int block, BlockSpec spec) throws IOException {
        gate.pass();
        try (Pagemap pagemap = Pagemap.ofProcess(pid)) {
            PageBitmap data = DataMap.scanOther(spec, files.get(block), pagemap, addresses.get(block));
            checkStillThere("/proc/PID/pagemap");
            return data;
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
        checkStillThere("process_vm_readv");
    }

    /** Checks, after a read, that the process still exists: so its number cannot have been another process's. */
    private void checkStillThere(String operation) throws SyscallException {
        if (process.awaitReadable(0)) {
            throw new SyscallException(operation + " of process " + pid, Errno.ESRCH);
        }
    }

    @Override
    public void pause() {
        gate.pause();
    }

    @Override
    public void open() {
        gate.open();
    }

    @Override
    public void shut(String reason) {
        gate.shut(reason);
    }

    /** Nothing more is needed from the source: from now on, no thread has to wait. */
    void removeGate() {
        gate.remove();
    }
}
