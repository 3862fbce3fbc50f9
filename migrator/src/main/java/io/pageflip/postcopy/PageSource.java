package io.pageflip.postcopy;

import java.io.IOException;

/** The memory of another process that pages are read out of, as whoever watches that process sees it. Any thread. */
public interface PageSource {
    /** Whether its process is there, and its memory. */
    boolean isAlive() throws IOException;

    /** From now on nobody reads there, until {@link #open}. */
    void pause();

    /** Its connection is whole again: who waits may read. */
    void open();

    /** Nobody reads there any more, for that reason. */
    void shut(String reason);
}
