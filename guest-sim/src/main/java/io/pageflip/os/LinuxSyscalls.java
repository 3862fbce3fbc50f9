package io.pageflip.os;

import com.sun.jna.Native;

/** {@link Syscalls} on the running kernel, through {@link LibC}. */
final class LinuxSyscalls implements Syscalls {
    private static final boolean ARM64 = "aarch64".equals(System.getProperty("os.arch"));

    // asm/unistd.h of the two architectures; the C library has no wrapper for these.
    private static final long NR_USERFAULTFD = ARM64 ? 282 : 323;
    private static final long NR_FUTEX = ARM64 ? 98 : 202;
    private static final long NR_GETTID = ARM64 ? 178 : 186;
    private static final long NR_PIDFD_OPEN = 434;
    private static final long NR_TGKILL = ARM64 ? 131 : 234;

    // The same on all architectures; not every C library that runs this has wrappers for them.
    private static final long NR_FSOPEN = 430;
    private static final long NR_FSCONFIG = 431;
    private static final long NR_FSMOUNT = 432;

    /** {@code __WALL}: waits also for children that end without SIGCHLD. */
    private static final int WALL = 0x40000000;

    private static final int FUTEX_WAIT = 0;
    private static final int FUTEX_WAKE = 1;
    private static final int AT_EMPTY_PATH = 0x1000;
    private static final int STATX_BASIC_STATS = 0x7ff;

    /**
     * The result of a call that returned {@code returned}. Reads the error number, so call it before this thread makes
     * any other native call.
     */
    private static long result(long returned) {
        return returned == -1 ? -Native.getLastError() : returned;
    }

    private static boolean interrupted(long result) {
        return result == -Errno.EINTR;
    }

    @Override
    public long open(String path, int flags, int mode) {
        long result;
        do {
            result = result(LibC.open(path, flags, mode));
        } while (interrupted(result));
        return result;
    }

    @Override
    public long close(int fd) {
        return result(LibC.close(fd));
    }

    @Override
    public long openat(int directory, String path, int flags, int mode) {
        long result;
        do {
            result = result(LibC.openat(directory, path, flags, mode));
        } while (interrupted(result));
        return result;
    }

    @Override
    public long unlink(String path) {
        return result(LibC.unlink(path));
    }

    @Override
    public long read(int fd, long address, long length) {
        long result;
        do {
            result = result(LibC.read(fd, address, length));
        } while (interrupted(result));
        return result;
    }

    @Override
    public long write(int fd, long address, long length) {
        long result;
        do {
            result = result(LibC.write(fd, address, length));
        } while (interrupted(result));
        return result;
    }

    @Override
    public long pread(int fd, long address, long length, long offset) {
        long result;
        do {
            result = result(LibC.pread(fd, address, length, offset));
        } while (interrupted(result));
        return result;
    }

    @Override
    public long pwrite(int fd, long address, long length, long offset) {
        long result;
        do {
            result = result(LibC.pwrite(fd, address, length, offset));
        } while (interrupted(result));
        return result;
    }

    @Override
    public long writev(int fd, long iov, int count) {
        long result;
        do {
            result = result(LibC.writev(fd, iov, count));
        } while (interrupted(result));
        return result;
    }

    @Override
    public long lseek(int fd, long offset, int whence) {
        return result(LibC.lseek(fd, offset, whence));
    }

    @Override
    public long ftruncate(int fd, long length) {
        long result;
        do {
            result = result(LibC.ftruncate(fd, length));
        } while (interrupted(result));
        return result;
    }

    @Override
    public long fallocate(int fd, long offset, long length) {
        long result;
        do {
            result = result(LibC.fallocate(fd, 0, offset, length));
        } while (interrupted(result));
        return result;
    }

    @Override
    public long fdatasync(int fd) {
        long result;
        do {
            result = result(LibC.fdatasync(fd));
        } while (interrupted(result));
        return result;
    }

    @Override
    public long statx(int fd, long buffer) {
        long result;
        do {
            result = result(LibC.statx(fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS, buffer));
        } while (interrupted(result));
        return result;
    }

    @Override
    public long fstatfs(int fd, long buffer) {
        long result;
        do {
            result = result(LibC.fstatfs(fd, buffer));
        } while (interrupted(result));
        return result;
    }

    @Override
    public long fcntl(int fd, int command, long argument) {
        return result(LibC.fcntl(fd, command, argument));
    }

    @Override
    public long dup3(int from, int to, int flags) {
        long result;
        do {
            result = result(LibC.dup3(from, to, flags));
        } while (interrupted(result));
        return result;
    }

    @Override
    public long ioctl(int fd, long request, long argument) {
        long result;
        do {
            result = result(LibC.ioctl(fd, request, argument));
        } while (interrupted(result));
        return result;
    }

    @Override
    public long poll(long pollfds, int count, int timeoutMs) {
        return result(LibC.poll(pollfds, count, timeoutMs));
    }

    @Override
    public long pipe2(long fds, int flags) {
        return result(LibC.pipe2(fds, flags));
    }

    @Override
    public long vmsplice(int fd, long iov, long count, int flags) {
        long result;
        do {
            result = result(LibC.vmsplice(fd, iov, count, flags));
        } while (interrupted(result));
        return result;
    }

    @Override
    public long splice(int from, long fromOffset, int to, long length, int flags) {
        long result;
        do {
            result = result(LibC.splice(from, fromOffset, to, 0, length, flags));
        } while (interrupted(result));
        return result;
    }

    @Override
    public long fsopen(long name, int flags) {
        return result(LibC.syscall(NR_FSOPEN, name, flags, 0, 0, 0, 0));
    }

    @Override
    public long fsconfig(int fd, int command, long key, long value, int auxiliary) {
        return result(LibC.syscall(NR_FSCONFIG, fd, command, key, value, auxiliary, 0));
    }

    @Override
    public long fsmount(int fd, int flags, int attributes) {
        return result(LibC.syscall(NR_FSMOUNT, fd, flags, attributes, 0, 0, 0));
    }

    @Override
    public long memfdCreate(String name, int flags) {
        return result(LibC.memfd_create(name, flags));
    }

    @Override
    public long userfaultfd(int flags) {
        return result(LibC.syscall(NR_USERFAULTFD, flags, 0, 0, 0, 0, 0));
    }

    @Override
    public long pidfdOpen(int pid) {
        return result(LibC.syscall(NR_PIDFD_OPEN, pid, 0, 0, 0, 0, 0));
    }

    @Override
    public long eventfd(int initial, int flags) {
        return result(LibC.eventfd(initial, flags));
    }

    @Override
    public long mmap(long address, long length, int protection, int flags, int fd, long offset) {
        return result(LibC.mmap(address, length, protection, flags, fd, offset));
    }

    @Override
    public long munmap(long address, long length) {
        return result(LibC.munmap(address, length));
    }

    @Override
    public long madvise(long address, long length, int advice) {
        long result;
        do {
            result = result(LibC.madvise(address, length, advice));
        } while (interrupted(result));
        return result;
    }

    @Override
    public long mlock2(long address, long length, int flags) {
        return result(LibC.mlock2(address, length, flags));
    }

    @Override
    public long munlock(long address, long length) {
        return result(LibC.munlock(address, length));
    }

    @Override
    public long processVmReadv(int pid, long localIov, long localCount, long remoteIov, long remoteCount) {
        return result(LibC.process_vm_readv(pid, localIov, localCount, remoteIov, remoteCount, 0));
    }

    @Override
    public long futexWait(long address, int expected, long timeout) {
        return result(LibC.syscall(NR_FUTEX, address, FUTEX_WAIT, expected, timeout, 0, 0));
    }

    @Override
    public long futexWake(long address) {
        return result(LibC.syscall(NR_FUTEX, address, FUTEX_WAKE, Integer.MAX_VALUE, 0, 0, 0));
    }

    @Override
    public long socket(int domain, int type, int protocol) {
        return result(LibC.socket(domain, type, protocol));
    }

    @Override
    public long socketpair(int domain, int type, int protocol, long fds) {
        return result(LibC.socketpair(domain, type, protocol, fds));
    }

    @Override
    public long bind(int fd, long address, int length) {
        return result(LibC.bind(fd, address, length));
    }

    @Override
    public long listen(int fd, int backlog) {
        return result(LibC.listen(fd, backlog));
    }

    @Override
    public long connect(int fd, long address, int length) {
        long result;
        do {
            result = result(LibC.connect(fd, address, length));
        } while (interrupted(result));
        return result;
    }

    @Override
    public long accept4(int fd, int flags) {
        long result;
        do {
            result = result(LibC.accept4(fd, 0, 0, flags));
        } while (interrupted(result));
        return result;
    }

    @Override
    public long sendmsg(int fd, long msghdr, int flags) {
        long result;
        do {
            result = result(LibC.sendmsg(fd, msghdr, flags));
        } while (interrupted(result));
        return result;
    }

    @Override
    public long recvmsg(int fd, long msghdr, int flags) {
        long result;
        do {
            result = result(LibC.recvmsg(fd, msghdr, flags));
        } while (interrupted(result));
        return result;
    }

    @Override
    public long getsockopt(int fd, int level, int name, long value, long length) {
        return result(LibC.getsockopt(fd, level, name, value, length));
    }

    @Override
    public long setsockopt(int fd, int level, int name, long value, int length) {
        return result(LibC.setsockopt(fd, level, name, value, length));
    }

    @Override
    public int umask(int mask) {
        return LibC.umask(mask);
    }

    @Override
    public long prctl(int option, long argument) {
        return result(LibC.prctl(option, argument, 0, 0, 0));
    }

    @Override
    public long kill(int pid, int signal) {
        return result(LibC.kill(pid, signal));
    }

    @Override
    public long raise(int pid, int signal) {
        return result(LibC.syscall(NR_TGKILL, pid, gettid(), signal, 0, 0, 0));
    }

    @Override
    public int getuid() {
        return LibC.getuid();
    }

    @Override
    public long clone(long function, long stackEnd, int flags, long argument) {
        return result(LibC.clone(function, stackEnd, flags, argument, 0, 0, 0));
    }

    @Override
    public long awaitExit(int pid) {
        long result;
        do {
            result = result(LibC.waitpid(pid, 0, WALL));
        } while (interrupted(result));
        return result;
    }

    @Override
    public int gettid() {
        return (int) LibC.syscall(NR_GETTID, 0, 0, 0, 0, 0, 0);
    }

    @Override
    public long setAffinity(long lengthBytes, long mask) {
        return result(LibC.sched_setaffinity(0, lengthBytes, mask));
    }

    @Override
    public int getScheduler(int thread) {
        return LibC.sched_getscheduler(thread);
    }

    @Override
    public long setScheduler(int thread, int policy, long parameter) {
        return result(LibC.sched_setscheduler(thread, policy, parameter));
    }

    @Override
    public long clockGettime(int clock, long timespec) {
        return result(LibC.clock_gettime(clock, timespec));
    }

    @Override
    public int getpagesize() {
        return LibC.getpagesize();
    }

    @Override
    public void memcpy(long to, long from, long length) {
        LibC.memcpy(to, from, length);
    }

    @Override
    public int memcmp(long a, long b, long length) {
        return LibC.memcmp(a, b, length);
    }
}
