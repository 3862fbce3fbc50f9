package io.pageflip.os;

import java.util.Deque;

/** Closing of what was opened step by step. */
public final class Resources {
    private Resources() {}

    /** Closes everything that was made, the last first; closing does not fail. */
    public static void closeAll(Deque<? extends AutoCloseable> made) {
        while (!made.isEmpty()) {
            try {
                made.pop().close();
            } catch (Exception e) {
                throw new IllegalStateException("closing cannot fail", e);
            }
        }
    }
}
