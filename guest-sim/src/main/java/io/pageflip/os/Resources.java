package io.pageflip.os;

import java.util.Deque;

/** Closes resources that were opened step by step. */
public final class Resources {
    private Resources() {}

    /** Closes all of {@code made}, the last one first. Closing does not fail. */
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
