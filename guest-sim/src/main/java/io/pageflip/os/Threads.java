package io.pageflip.os;

/** What threads of this process do with each other. */
public final class Threads {
    private Threads() {}

    /**
     * Waits until a thread has ended, even if the calling thread is interrupted meanwhile: that one may use memory or a
     * descriptor that is released after this. The calling thread stays interrupted then.
     */
    public static void join(Thread thread) {
        boolean interrupted = false;
        while (thread.isAlive()) {
            try {
                thread.join();
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
