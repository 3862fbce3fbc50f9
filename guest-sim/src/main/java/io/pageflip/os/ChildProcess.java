package io.pageflip.os;

import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Deque;

/** Starts other processes. */
public final class ChildProcess {
    /** Pipes that the JDK makes for one: standard input, output and error, and two of its own. */
    private static final int PIPES = 5;

    /** What to do where no further process or thread is allowed: both count for the same limits. */
    public static final String RAISE_LIMIT =
            "raise the limit of processes (ulimit -u, or pids.max of the control group)";

    private ChildProcess() {}

    /**
     * As {@link ProcessBuilder#start}, but it does not begin if there are too few free descriptors. The JDK would
     * begin, and clean up by closing descriptors that are not its own, such as standard error (forkAndExec in its
     * ProcessImpl_md.c).
     *
     * @throws IOException if it cannot be started; where a limit of descriptors or processes is the cause, the message
     *     names it
     */
    public static Process start(ProcessBuilder builder) throws IOException {
        Deque<AutoCloseable> pipes = new ArrayDeque<>();
        try {
            for (int i = 0; i < PIPES; i++) {
                pipes.push(Pipe.create());
            }
        } catch (SyscallException e) {
            throw new IOException(
                    "no process can be started: that needs " + 2 * PIPES + " free descriptors, and "
                            + Errno.name(e.errno()) + " came before; raise the limit (ulimit -n 64)",
                    e);
        } finally {
            Resources.closeAll(pipes);
        }
        try {
            return builder.start();
        } catch (IOException e) {
            if (String.valueOf(e.getMessage()).contains("error=" + Errno.EAGAIN)) {
                throw new IOException(
                        "no process can be started: this host allows no further process or thread; " + RAISE_LIMIT, e);
            }
            throw e;
        }
    }
}
