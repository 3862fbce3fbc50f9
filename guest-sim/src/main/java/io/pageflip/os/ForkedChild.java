package io.pageflip.os;

import io.pageflip.memory.BasePage;
import java.io.IOException;

/**
 * A child of this process that has its private memory too, as fork(2) leaves it: each page is one that both map, until
 * one of them writes to it. The child does nothing but wait: it runs none of the JVM, only a lock of the C library
 * (pthread_mutex_lock(3)) that the thread which started it holds for ever. The lock is a robust one, so the kernel
 * wakes the child, which then exits, when that thread ends, however it ends (Documentation/locking/robust-futexes.rst).
 * It uses this process's descriptors and not copies of them, so that a peer sees one that is closed here.
 */
public final class ForkedChild implements AutoCloseable {
    private static final int CLONE_FILES = 0x400;
    private static final int SIGKILL = 9;
    private static final int PTHREAD_PROCESS_SHARED = 1;
    private static final int PTHREAD_MUTEX_ROBUST = 1;

    /** Room for a {@code pthread_mutex_t}, or its attributes: 40 and 4 bytes on x86-64, 48 and 8 on arm64. */
    private static final int ROOM = 64;

    private static final int STACK_BYTES = 64 << 10;

    private final MemFd file;
    private final Mapping lock;
    private final Mapping stack;
    private boolean locked;
    private int pid;

    private ForkedChild() throws IOException {
        file = MemFd.create(
                "child", BasePage.BYTES, false); // shared: in memory of its own the child would not see it change
        lock = Mapping.shared(file);
        stack = Mapping.anonymous("child", STACK_BYTES);
    }

    /** Forks. The child ends with the calling thread, if it is not closed before. */
    public static ForkedChild start() throws IOException {
        ForkedChild child = new ForkedChild();
        try {
            child.fork();
            return child;
        } catch (IOException | RuntimeException e) {
            child.close();
            throw e;
        }
    }

    private void fork() throws SyscallException {
        long mutex = lock.address(0, ROOM);
        long attributes = lock.address(ROOM, ROOM);
        check(LibC.pthread_mutexattr_init(attributes), "pthread_mutexattr_init");
        check(LibC.pthread_mutexattr_setpshared(attributes, PTHREAD_PROCESS_SHARED), "pthread_mutexattr_setpshared");
        check(LibC.pthread_mutexattr_setrobust(attributes, PTHREAD_MUTEX_ROBUST), "pthread_mutexattr_setrobust");
        check(LibC.pthread_mutex_init(mutex, attributes), "pthread_mutex_init");
        check(LibC.pthread_mutex_lock(mutex), "pthread_mutex_lock");
        locked = true;
        long end = stack.address(0, STACK_BYTES) + STACK_BYTES;
        // No signal when it ends: the JVM waits for children of its own, and is not to hear of this one.
        long result = Syscalls.LINUX.clone(LibC.address("pthread_mutex_lock"), end, CLONE_FILES, mutex);
        pid = (int) SyscallException.check(result, "clone");
    }

    private static void check(int error, String operation) throws SyscallException {
        if (error != 0) {
            throw new SyscallException(operation, error);
        }
    }

    /** The child's process. */
    public ProcessHandle process() {
        return ProcessHandle.of(pid).orElseThrow(() -> new IllegalStateException("child " + pid + " has ended"));
    }

    /** Ends it, and waits until it is gone; called by the thread that started it. Again: nothing. */
    @Override
    public void close() {
        if (pid != 0) {
            Syscalls.LINUX.kill(pid, SIGKILL);
            Syscalls.LINUX.awaitExit(pid);
            pid = 0;
        }
        if (locked) {
            LibC.pthread_mutex_unlock(lock.address(0, ROOM)); // it lies in the thread's list of robust locks until then
            locked = false;
        }
        stack.close();
        lock.close();
        file.close();
    }
}
