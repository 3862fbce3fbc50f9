package io.pageflip.os;

/** process_vm_readv(2) from one other process. One thread at a time may use an object. */
public final class ProcessMemory {
    private static final int PR_SET_PTRACER = 0x59616d61;
    private static final long PR_SET_PTRACER_ANY = -1;

    private final int pid;
    private final NativeBuffer iovecs = NativeBuffer.allocate(32);
    private final Syscalls sys = Syscalls.LINUX;

    /** @param pid the process to read from, as this process's PID namespace numbers it */
    public ProcessMemory(int pid) {
        this.pid = pid;
    }

    /**
     * Lets process {@code pid} read our memory where Yama restricts that to parents (ptrace_scope 1); a {@code pid} of
     * 0 lets any process of the same user. Does nothing where there is no Yama.
     */
    public static void allowReader(int pid) {
        Syscalls.LINUX.prctl(PR_SET_PTRACER, pid == 0 ? PR_SET_PTRACER_ANY : pid);
    }

    /**
     * Copies {@code bytes} bytes at address {@code from} of the process into {@code to}.
     *
     * @return bytes copied, possibly fewer than asked for, or minus the error number ({@code -ESRCH}: the process is
     *     gone)
     */
    public long read(long from, Mapping to, long offset, long bytes) {
        return read(from, to.address(offset, bytes), bytes);
    }

    /** As {@link #read(long, Mapping, long, long)}, into {@code to} at {@code offset}. */
    public long read(long from, NativeBuffer to, int offset, int bytes) {
        return read(from, to.address(offset, bytes), bytes);
    }

    private long read(long from, long to, long bytes) {
        iovecs.bytes().putLong(0, to).putLong(8, bytes).putLong(16, from).putLong(24, bytes);
        return sys.processVmReadv(pid, iovecs.address(), 1, iovecs.address() + 16, 1);
    }
}
