package io.pageflip.os;

/**
 * An open-file-description lock on a memfd ({@code F_OFD_SETLK}, fcntl(2)). The kernel releases it when the description
 * is closed, and so when its holder dies.
 *
 * <p>The description is opened here, close-on-exec, and never passed or mapped: a descriptor that shares it would keep
 * the lock alive. Two {@code OfdLock}s on the same file exclude each other, within a process and between processes.
 */
public final class OfdLock implements AutoCloseable {
    private static final int F_OFD_SETLK = 37;
    private static final short F_WRLCK = 1;
    private static final short F_UNLCK = 2;
    private static final int SIZEOF_FLOCK = 32;

    private final Fd description;
    private final Syscalls sys;
    private final NativeBuffer flock = NativeBuffer.allocate(SIZEOF_FLOCK);

    private OfdLock(Fd description, Syscalls sys) {
        this.description = description;
        this.sys = sys;
    }

    /** Opens a new description of {@code file}; it is not locked yet. */
    public static OfdLock on(MemFd file) throws SyscallException {
        return new OfdLock(file.reopen(Fd.O_RDWR), Syscalls.LINUX);
    }

    /** Takes the lock if nobody holds it. Never waits. Not thread-safe. */
    public boolean tryLock() throws SyscallException {
        long result = set(F_WRLCK);
        if (result == -Errno.EAGAIN || result == -Errno.EACCES) {
            return false;
        }
        if (result < 0) { // the message is built only where it is needed: this is part of the downtime
            throw new SyscallException("F_OFD_SETLK " + description, (int) -result);
        }
        return true;
    }

    /** Gives the lock back; does nothing if it is not held. */
    public void unlock() throws SyscallException {
        long result = set(F_UNLCK);
        if (result < 0) {
            throw new SyscallException("F_OFD_SETLK unlock " + description, (int) -result);
        }
    }

    /** struct flock: l_type, l_whence, l_start, l_len (0: to the end), l_pid (0, as OFD locks demand). */
    private long set(short type) {
        flock.bytes().putShort(0, type);
        return sys.fcntl(description.number(), F_OFD_SETLK, flock.address());
    }

    @Override
    public void close() {
        description.close();
    }
}
