package io.pageflip.os;

/**
 * Reads which threads have been trapped by a userfaultfd ({@code struct uffd_msg} of linux/userfaultfd.h): the page
 * fault events, several at a time. {@link Userfaultfd} requests no other events; one would be an error.
 *
 * <p>One thread reads; any thread may call {@link #stop}. Close it before the userfaultfd, when no thread reads.
 */
public final class FaultEvents implements AutoCloseable {
    /** The most events that one call reads. */
    public static final int MOST = 16;

    static final int SIZEOF_UFFD_MSG = 32;
    private static final int FLAGS = 8;
    private static final int ADDRESS = 16;
    private static final int THREAD_ID = 24;
    private static final byte UFFD_EVENT_PAGEFAULT = 0x12;
    private static final long FLAG_WRITE = 1;
    private static final long FLAG_WP = 2;
    private static final long FLAG_MINOR = 4;

    private static final int SIZEOF_POLLFD = 8;
    private static final short POLLIN = 1;
    private static final int POLLED = 2;

    private final Userfaultfd userfaultfd;
    private final Syscalls sys;
    private final Fd stop;
    private final NativeBuffer messages = NativeBuffer.allocate(MOST * SIZEOF_UFFD_MSG);
    private final NativeBuffer pollfds = NativeBuffer.allocate(POLLED * SIZEOF_POLLFD);
    private final NativeBuffer one = NativeBuffer.allocate(8);

    private FaultEvents(Userfaultfd userfaultfd, Syscalls sys, Fd stop) {
        this.userfaultfd = userfaultfd;
        this.sys = sys;
        this.stop = stop;
    }

    /** The events of {@code userfaultfd}, which its owner still has to close. */
    public static FaultEvents of(Userfaultfd userfaultfd) throws SyscallException {
        Syscalls sys = userfaultfd.syscalls();
        Fd stop = new Fd(
                SyscallException.check(sys.eventfd(0, Fd.O_CLOEXEC | Fd.O_NONBLOCK), "eventfd"),
                "eventfd of a fault server",
                sys);
        return new FaultEvents(userfaultfd, sys, stop);
    }

    /**
     * Reads the pending events. Never blocks.
     *
     * @return their number; 0 if no thread is trapped that was not reported before
     */
    public int poll() throws SyscallException {
        long read = sys.read(userfaultfd.fd().number(), messages.address(), (long) MOST * SIZEOF_UFFD_MSG);
        if (read == -Errno.EAGAIN) {
            return 0;
        }
        if (read < 0) {
            throw new SyscallException("read of a userfaultfd", (int) -read);
        }
        int count = (int) (read / SIZEOF_UFFD_MSG);
        for (int i = 0; i < count; i++) {
            byte event = messages.bytes().get(i * SIZEOF_UFFD_MSG);
            if (event != UFFD_EVENT_PAGEFAULT) {
                throw new IllegalStateException("event " + event + " of a userfaultfd, which was not asked for");
            }
        }
        return count;
    }

    /**
     * Waits until there are events.
     *
     * @return false if {@link #stop} has been called, whether there are events or not
     */
    public boolean await() throws SyscallException {
        while (true) {
            pollfds.bytes()
                    .putInt(0, userfaultfd.fd().number())
                    .putInt(4, POLLIN)
                    .putInt(8, stop.number())
                    .putInt(12, POLLIN);
            long ready = sys.poll(pollfds.address(), POLLED, -1);
            if (ready == -Errno.EINTR) {
                continue;
            }
            if (ready < 0) {
                throw new SyscallException("poll of a userfaultfd", (int) -ready);
            }
            if (pollfds.bytes().getShort(14) != 0) {
                return false;
            }
            short answer = pollfds.bytes().getShort(6);
            if (answer != POLLIN) {
                throw new IllegalStateException("poll of a userfaultfd answers " + answer);
            }
            return true;
        }
    }

    /** Makes {@link #await} return false, now and from now on. */
    public void stop() {
        synchronized (one) {
            one.bytes().putLong(0, 1);
            sys.write(stop.number(), one.address(), 8); // fails only if the counter is full, and so readable already
        }
    }

    /** The address that was touched. The kernel rounds it down to a page of a size of its choice. */
    public long address(int event) {
        return messages.bytes().getLong(event * SIZEOF_UFFD_MSG + ADDRESS);
    }

    /** Whether the file has the page and only the page table entry is missing. */
    public boolean isMinor(int event) {
        return (flags(event) & FLAG_MINOR) != 0;
    }

    /** Whether the page is there and write-protected. */
    public boolean isWriteProtected(int event) {
        return (flags(event) & FLAG_WP) != 0;
    }

    /** Whether the touch was a write. */
    public boolean isWrite(int event) {
        return (flags(event) & FLAG_WRITE) != 0;
    }

    private long flags(int event) {
        return messages.bytes().getLong(event * SIZEOF_UFFD_MSG + FLAGS);
    }

    /**
     * The kernel's number of the thread that is trapped, as {@link Proc#threadId} returns it; 0 without
     * {@link Userfaultfd#FEATURE_THREAD_ID}.
     */
    public int threadId(int event) {
        return messages.bytes().getInt(event * SIZEOF_UFFD_MSG + THREAD_ID);
    }

    @Override
    public void close() {
        stop.close();
    }
}
