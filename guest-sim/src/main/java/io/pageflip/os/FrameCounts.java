package io.pageflip.os;

import org.jspecify.annotations.Nullable;

/**
 * How many page table entries point at a frame, as the kernel counts ({@code /proc/kpagecount},
 * Documentation/admin-guide/mm/pagemap.rst). One thread at a time may use an object.
 */
public final class FrameCounts implements AutoCloseable {
    private static final int ENTRY = 8;

    private final Fd fd;
    private final Syscalls sys = Syscalls.LINUX;
    private final NativeBuffer entry = NativeBuffer.allocate(ENTRY);

    private FrameCounts(Fd fd) {
        this.fd = fd;
    }

    /** Opens the counts; null if this process may not read them (only root may), or this kernel has none. */
    public static @Nullable FrameCounts open() {
        try {
            return new FrameCounts(Fd.open(Syscalls.LINUX, "/proc/kpagecount", Fd.O_RDONLY));
        } catch (SyscallException e) {
            return null;
        }
    }

    /**
     * The count of a frame, of all processes together.
     *
     * @param frame its number, as {@link Pagemap#frame} returns it
     */
    public long of(long frame) throws SyscallException {
        long read = SyscallException.check(
                sys.pread(fd.number(), entry.address(), ENTRY, frame * ENTRY), "pread /proc/kpagecount");
        return read == ENTRY ? entry.bytes().getLong(0) : 0;
    }

    @Override
    public void close() {
        fd.close();
    }
}
