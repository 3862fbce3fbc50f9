package io.pageflip.os;

/**
 * The system calls that pageflip makes, and nothing above them.
 *
 * <p>Every method returns the kernel's result, or minus the error number. Addresses are plain {@code long}s here; they
 * do not leave this package. The implementation repeats a call after {@code EINTR} wherever that is safe, and never
 * repeats {@code close}. All methods may be called from any thread, and put the calling thread into native state while
 * they run, so that a garbage collection does not wait for them.
 *
 * <p>Tests put a scripted implementation in front of the real one.
 */
interface Syscalls {
    /** The kernel itself. */
    Syscalls LINUX = new LinuxSyscalls();

    long open(String path, int flags, int mode);

    long close(int fd);

    long openat(int directory, String path, int flags, int mode);

    long unlink(String path);

    long read(int fd, long address, long length);

    long write(int fd, long address, long length);

    long pread(int fd, long address, long length, long offset);

    long pwrite(int fd, long address, long length, long offset);

    long writev(int fd, long iov, int count);

    long lseek(int fd, long offset, int whence);

    long ftruncate(int fd, long length);

    /**
     * {@code fallocate(2)} of mode 0: allocates blocks for the range, which reads as zeros where nothing was written.
     */
    long fallocate(int fd, long offset, long length);

    long fdatasync(int fd);

    long statx(int fd, long buffer);

    long fstatfs(int fd, long buffer);

    long fcntl(int fd, int command, long argument);

    long dup3(int from, int to, int flags);

    long ioctl(int fd, long request, long argument);

    long poll(long pollfds, int count, int timeoutMs);

    long pipe2(long fds, int flags);

    long vmsplice(int fd, long iov, long count, int flags);

    /** {@code fromOffset} is the address of an offset that the kernel advances, or 0 where {@code from} is a pipe. */
    long splice(int from, long fromOffset, int to, long length, int flags);

    /** {@code name} is the address of a string. */
    long fsopen(long name, int flags);

    /** {@code key} and {@code value} are addresses of strings, or 0. */
    long fsconfig(int fd, int command, long key, long value, int auxiliary);

    long fsmount(int fd, int flags, int attributes);

    long memfdCreate(String name, int flags);

    long userfaultfd(int flags);

    long pidfdOpen(int pid);

    long eventfd(int initial, int flags);

    long mmap(long address, long length, int protection, int flags, int fd, long offset);

    long munmap(long address, long length);

    long madvise(long address, long length, int advice);

    long mlock2(long address, long length, int flags);

    long munlock(long address, long length);

    long processVmReadv(int pid, long localIov, long localCount, long remoteIov, long remoteCount);

    /** {@code FUTEX_WAIT} on a word shared between processes; {@code timeout} is the address of a timespec. */
    long futexWait(long address, int expected, long timeout);

    /** {@code FUTEX_WAKE} of all waiters, in other processes too. */
    long futexWake(long address);

    long socket(int domain, int type, int protocol);

    long socketpair(int domain, int type, int protocol, long fds);

    long bind(int fd, long address, int length);

    long listen(int fd, int backlog);

    long connect(int fd, long address, int length);

    long accept4(int fd, int flags);

    long sendmsg(int fd, long msghdr, int flags);

    long recvmsg(int fd, long msghdr, int flags);

    long getsockopt(int fd, int level, int name, long value, long length);

    long setsockopt(int fd, int level, int name, long value, int length);

    int umask(int mask);

    long prctl(int option, long argument);

    long kill(int pid, int signal);

    /**
     * {@code tgkill(2)} of the calling thread; {@code pid} is this process. The thread handles the signal before this
     * returns.
     */
    long raise(int pid, int signal);

    /**
     * {@code clone(2)} of the C library: starts a child, or a thread, that calls the function at {@code function} with
     * {@code argument} on the stack that ends at {@code stackEnd}, and exits when that returns.
     */
    long clone(long function, long stackEnd, int flags, long argument);

    /** {@code wait4(2)}: waits for one child, whatever signal it sends when it ends; returns no status. */
    long awaitExit(int pid);

    int getuid();

    /** The kernel's number of the calling thread. */
    int gettid();

    /** {@code sched_setaffinity(2)} of the calling thread; {@code mask} is an address. */
    long setAffinity(long lengthBytes, long mask);

    /** {@code sched_getscheduler(2)} of a thread; 0 is the calling one. */
    int getScheduler(int thread);

    /** {@code sched_setscheduler(2)}; {@code parameter} is the address of a {@code sched_param}. */
    long setScheduler(int thread, int policy, long parameter);

    /** {@code timespec} is an address. */
    long clockGettime(int clock, long timespec);

    // Functions of the C library, not system calls: the page size, and bulk access to guest memory. The calling thread
    // is in native state while they run.

    int getpagesize();

    void memcpy(long to, long from, long length);

    int memcmp(long a, long b, long length);
}
