package io.pageflip.os;

import io.pageflip.memory.BasePage;
import java.io.IOException;

/**
 * A child process that shares this process's private memory, as after fork(2): both map the same page until one of them
 * writes to it. The child only waits. It runs none of the JVM, only pthread_mutex_lock(3) of the C library, on a lock
 * that the thread which started it holds meanwhile. The lock is robust: when that thread ends, however it ends, the
 * kernel wakes the child, which then exits (Documentation/locking/robust-futexes.rst). The child uses this process's
 * descriptors, not copies of them, so that a peer notices when one is closed here.
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
                "child", BasePage.BYTES, false); // shared: the child would not see a change of private memory
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
        // The child sends no signal when it ends: the JVM waits for its own children, and must not notice this one.
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

    /**
     * Kills the child and waits until it is gone. Only the thread that started it may call this. A second call does
     * nothing.
     */
    @Override
    public void close() {
        if (pid != 0) {
            Syscalls.LINUX.kill(pid, SIGKILL);
            Syscalls.LINUX.awaitExit(pid);
            pid = 0;
        }
        if (locked) {
            LibC.pthread_mutex_unlock(lock.address(0, ROOM)); // until then it is in the thread's list of robust locks
            locked = false;
        }
        stack.close();
        lock.close();
        file.close();
    }
}
