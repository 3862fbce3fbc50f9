package io.pageflip.source;

import io.pageflip.channel.StreamWriter;
import io.pageflip.os.Fd;
import io.pageflip.os.WaitGuard;
import io.pageflip.switchover.Ownership;
import io.pageflip.wire.Message;
import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The source's connection to the destination: what the source can send, and what it can learn. Used by the agent's one
 * thread.
 */
public interface DestinationLink extends WaitGuard, AutoCloseable {
    /**
     * Greets the destination and opens the migration stream, which the link owns.
     *
     * @param files the descriptors that the greeting names, in its order; the caller still owns them
     */
    StreamWriter greet(Message.Hello hello, List<Fd> files) throws IOException;

    /**
     * Waits until the destination has done everything that was announced.
     *
     * @return its proportional set size in bytes; 0 if it cannot send it
     */
    long awaitReady(long timeoutSeconds) throws IOException;

    /** Throws if the destination is gone or has given up. Cheap: called after every batch of pages. */
    @Override
    void check() throws IOException;

    /** Whether the connection to the destination is whole. */
    boolean isConnected() throws IOException;

    /** Whether the destination can send messages: that it is ready, how much memory it has, and its report. */
    default boolean reports() {
        return false;
    }

    /** Breaks the connection, for a scripted fault; the agent keeps running. Any thread may call it. */
    void drop();

    /**
     * Tries once to connect again, if the connection broke after the switchover.
     *
     * @param ownership of the guest, which the destination has taken
     * @return whether the link is whole again
     */
    boolean recover(Ownership ownership);

    /** Tells the destination, if that is possible, that the source has given up. */
    void cancel(String reason);

    /**
     * What the destination said about a failure, if it did: whoever gives up says why, and then closes the stream,
     * which is all that a writer notices. Waits some tenths of a second at most.
     *
     * @return a better reason than {@code noticed}, or {@code noticed} itself
     */
    default Exception explain(Exception noticed) {
        return noticed;
    }

    /** Waits until the guest runs at the destination; returns at once if the destination cannot send messages. */
    void awaitResumed() throws IOException;

    /** Waits for the destination's report; returns null if the destination cannot send messages. */
    Message.@Nullable Completed awaitCompleted() throws IOException;

    @Override
    void close();
}
