package io.pageflip.os;

import com.sun.jna.Native;
import com.sun.jna.NativeLibrary;
import com.sun.jna.Pointer;

/**
 * The C library, through JNA's direct mapping: a call is two to three times cheaper than through an interface mapping.
 * Names and argument orders are C's. Variadic functions ({@code ioctl}, {@code fcntl}, {@code open}, {@code syscall})
 * are called with integer arguments only, for which the calling conventions of x86-64 and arm64 Linux make no
 * difference between variadic and other functions.
 */
final class LibC {
    static {
        // Otherwise JNA would leave a directory in the user's home. JNA deletes its library file itself once that is
        // loaded.
        if (System.getProperty("jna.tmpdir") == null) {
            System.setProperty("jna.tmpdir", System.getProperty("java.io.tmpdir", "/tmp"));
        }
        // Otherwise JNA would start ldconfig to learn where libraries are. This process has its C library already.
        if (System.getProperty("jna.platform.library.path") == null) {
            System.setProperty("jna.platform.library.path", "");
        }
        Native.register(LibC.class, NativeLibrary.getProcess());
    }

    private LibC() {}

    static native int open(String path, int flags, int mode);

    static native int close(int fd);

    static native int openat(int directory, String path, int flags, int mode);

    static native int unlink(String path);

    static native long read(int fd, long buffer, long count);

    static native long write(int fd, long buffer, long count);

    static native long pread(int fd, long buffer, long count, long offset);

    static native long pwrite(int fd, long buffer, long count, long offset);

    static native long writev(int fd, long iov, int count);

    static native long lseek(int fd, long offset, int whence);

    static native int ftruncate(int fd, long length);

    static native int fallocate(int fd, int mode, long offset, long length);

    static native int fdatasync(int fd);

    static native int fstatfs(int fd, long buffer);

    static native int statx(int dirfd, String path, int flags, int mask, long buffer);

    static native int fcntl(int fd, int command, long argument);

    static native int dup3(int from, int to, int flags);

    static native int ioctl(int fd, long request, long argument);

    static native int poll(long fds, long count, int timeout);

    static native int pipe2(long fds, int flags);

    static native long vmsplice(int fd, long iov, long count, int flags);

    static native long splice(int from, long fromOffset, int to, long toOffset, long length, int flags);

    static native int memfd_create(String name, int flags);

    static native int eventfd(int initial, int flags);

    static native long mmap(long address, long length, int protection, int flags, int fd, long offset);

    static native int munmap(long address, long length);

    static native int madvise(long address, long length, int advice);

    static native int mlock2(long address, long length, int flags);

    static native int munlock(long address, long length);

    static native long process_vm_readv(
            int pid, long localIov, long localCount, long remoteIov, long remoteCount, long flags);

    static native long syscall(long number, long a, long b, long c, long d, long e, long f);

    static native int socket(int domain, int type, int protocol);

    static native int socketpair(int domain, int type, int protocol, long fds);

    static native int bind(int fd, long address, int length);

    static native int listen(int fd, int backlog);

    static native int connect(int fd, long address, int length);

    static native int accept4(int fd, long address, long length, int flags);

    static native long sendmsg(int fd, long msghdr, int flags);

    static native long recvmsg(int fd, long msghdr, int flags);

    static native int getsockopt(int fd, int level, int name, long value, long length);

    static native int setsockopt(int fd, int level, int name, long value, int length);

    static native int umask(int mask);

    static native int prctl(int option, long b, long c, long d, long e);

    static native int kill(int pid, int signal);

    static native int clone(long function, long stackEnd, int flags, long argument, long a, long b, long c);

    static native int waitpid(int pid, long status, int options);

    static native int pthread_mutexattr_init(long attributes);

    static native int pthread_mutexattr_setpshared(long attributes, int shared);

    static native int pthread_mutexattr_setrobust(long attributes, int robust);

    static native int pthread_mutex_init(long mutex, long attributes);

    static native int pthread_mutex_lock(long mutex);

    static native int pthread_mutex_unlock(long mutex);

    /** The address of a function, for {@link #clone}. */
    static long address(String function) {
        return Pointer.nativeValue(NativeLibrary.getProcess().getFunction(function));
    }

    static native int getuid();

    static native int sched_setaffinity(int thread, long lengthBytes, long mask);

    static native int sched_getscheduler(int thread);

    static native int sched_setscheduler(int thread, int policy, long parameter);

    static native int clock_gettime(int clock, long timespec);

    static native int getpagesize();

    static native long memcpy(long to, long from, long length);

    static native int memcmp(long a, long b, long length);
}
