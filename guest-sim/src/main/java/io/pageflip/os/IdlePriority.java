package io.pageflip.os;

import java.io.File;
import java.io.IOException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import org.jspecify.annotations.Nullable;

/**
 * The policy {@code SCHED_IDLE} (sched(7)) for the threads of the JVM's quick compiler, which could take a processor
 * from a vCPU at the wrong moment. With that policy a thread runs only on a processor that nobody else wants. Any
 * process may lower its threads; only one that has {@code CAP_SYS_NICE}, or an {@code RLIMIT_NICE} of 20, may raise
 * them again. Others leave them as they are: on a busy machine, what is not compiled for long would cost more than this
 * brings.
 *
 * <p>Any thread may call it.
 */
public final class IdlePriority {
    private static final int SCHED_OTHER = 0;
    private static final int SCHED_IDLE = 5;

    /** Room for a {@code sched_param}, whose priority is 0 for both policies. */
    private static final int PARAMETER_BYTES = 8;

    /** The beginning of the compiler threads' names. */
    private static final String COMPILER = "C1 Compiler";

    /**
     * What {@link #probe} found; null before. Not found while this class is initialized: the trial's thread uses it.
     */
    private static @Nullable Boolean canGoBack;

    private static boolean lowered;

    private IdlePriority() {}

    /** Whether this process may give a thread that it has lowered its policy back. */
    public static synchronized boolean canGoBack() {
        Boolean known = canGoBack;
        if (known == null) {
            known = probe();
            canGoBack = known;
        }
        return known;
    }

    /** Has a thread of its own try it, which ends then. */
    private static boolean probe() {
        if (Syscalls.LINUX.getScheduler(0) != SCHED_OTHER) {
            return false; // what this process got from whoever started it stays
        }
        FutureTask<Boolean> trial = new FutureTask<>(() -> set(0, SCHED_IDLE) && set(0, SCHED_OTHER));
        try {
            new Thread(trial, "trial").start();
            return trial.get();
        } catch (OutOfMemoryError e) {
            return false; // no further thread is allowed here: what is not tried is not used
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        } catch (ExecutionException e) {
            return false;
        }
    }

    /**
     * Lowers the compiler threads, if they can be raised again.
     *
     * @param vcpus how many processors the guest wants. Where there are no more, nothing is lowered: the compiler would
     *     never run
     */
    public static synchronized void lowerCompiler(int vcpus) {
        if (vcpus < Runtime.getRuntime().availableProcessors() && canGoBack()) {
            setCompiler(SCHED_IDLE);
            lowered = true;
        }
    }

    /** Gives the compiler threads the usual policy back, if they were lowered. */
    public static synchronized void raiseCompiler() {
        if (lowered) {
            setCompiler(SCHED_OTHER);
            lowered = false;
        }
    }

    private static void setCompiler(int policy) {
        String[] threads = new File("/proc/self/task").list();
        if (threads == null) {
            return;
        }
        for (String thread : threads) {
            try {
                if (Proc.firstLine("/proc/self/task/" + thread + "/comm").startsWith(COMPILER)) {
                    set(Integer.parseInt(thread), policy);
                }
            } catch (IOException e) {
                // It has ended meanwhile.
            }
        }
    }

    private static boolean set(int thread, int policy) {
        NativeBuffer parameter = NativeBuffer.allocate(PARAMETER_BYTES);
        return Syscalls.LINUX.setScheduler(thread, policy, parameter.address()) == 0;
    }
}
