package io.pageflip.postcopy;

import java.io.IOException;

/**
 * The memory of another process, from which pages are read, for the thread that watches that process. Any thread may
 * use it.
 */
public interface PageSource {
    /** Whether the process and its memory still exist. */
    boolean isAlive() throws IOException;

    /** From now on, threads that want to read wait, until {@link #open}. */
    void pause();

    /** The connection to the process is whole again: threads that wait may read. */
    void open();

    /** From now on every read fails, for {@code reason}. */
    void shut(String reason);
}
