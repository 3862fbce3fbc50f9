package io.pageflip.source;

import io.pageflip.channel.StreamWriter;
import io.pageflip.os.Fd;
import io.pageflip.os.WaitGuard;
import io.pageflip.switchover.Ownership;
import io.pageflip.wire.Message;
import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What the source knows of the destination, and how it hears of it. Used by the agent's one thread. */
public interface DestinationLink extends WaitGuard, AutoCloseable {
    /**
     * Greets the destination and opens the migration stream, which the link owns.
     *
     * @param files that the greeting names, in its order; they stay their owners'
     */
    StreamWriter greet(Message.Hello hello, List<Fd> files) throws IOException;

    /**
     * Waits until the destination has done all that was announced.
     *
     * @return its proportional set size in bytes, 0 if it cannot tell
     */
    long awaitReady(long timeoutSeconds) throws IOException;

    /** Throws if the destination is gone or has given up. Cheap: asked after every batch of pages. */
    @Override
    void check() throws IOException;

    /** Whether the connection to the destination is whole. */
    boolean isConnected() throws IOException;

    /** Whether the destination says anything: when it is ready, how much memory it has, how it went. */
    default boolean reports() {
        return false;
    }

    /** Breaks the connection and lives on, for a scripted fault. Any thread. */
    void drop();

    /**
     * Tries once to connect again, where the connection broke after the switchover.
     *
     * @param ownership of the guest, which the destination has taken
     * @return whether the link is whole again
     */
    boolean recover(Ownership ownership);

    /** Tells the destination, if that is possible, that the source has given up. */
    void cancel(String reason);

    /** Waits until the guest runs at the destination; returns at once where that cannot be heard. */
    void awaitResumed() throws IOException;

    /** Waits for the destination's report: null where it cannot be heard. */
    Message.@Nullable Completed awaitCompleted() throws IOException;

    @Override
    void close();
}
