package io.pageflip.destination;

import io.pageflip.channel.StreamReader;
import io.pageflip.os.Fd;
import io.pageflip.os.WaitGuard;
import io.pageflip.wire.Message;
import java.io.IOException;
import java.util.List;

/**
 * The destination's connection to the source: the greeting, the migration stream, and messages. Used by the agent's one
 * thread.
 */
public interface SourceLink extends WaitGuard, AutoCloseable {
    /** The source's greeting. */
    Message.Hello hello();

    /** Opens the descriptors of {@link Message.Hello#files}, in that order; the caller owns them. Call it once. */
    List<Fd> openFiles() throws IOException;

    /** The migration stream, which the link owns. */
    StreamReader stream();

    /** Limits how long the source may take until it says that it is prepared, in seconds from now on; 0 ends that. */
    void limitPreparation(long seconds);

    /** Limits how long the source may be silent, from now on. */
    void limitSilence(int seconds);

    /** Throws if the source is gone or has given up. */
    @Override
    void check() throws IOException;

    /** Whether the connection to the source is whole; true if that cannot be known. */
    boolean isConnected();

    /** Sends a message to the source, if that is possible. */
    void send(Message message) throws IOException;

    /** Breaks the connection, for a scripted fault; the agent keeps running. Any thread may call it. */
    void drop();

    /**
     * Listens again for the source, after the connection broke.
     *
     * @param ownerEpoch in which the guest is this agent's; the source must know it
     * @throws IOException if the source cannot connect again in any case
     */
    Recovery listenAgain(int ownerEpoch) throws IOException;

    /** Waits for the same source to come back. */
    interface Recovery extends AutoCloseable {
        /**
         * Waits at most {@code millis} milliseconds for a connection, and checks that it comes from the source. Any
         * other peer is told so, and its connection is closed.
         *
         * @return whether the source has connected: the link is whole again
         */
        boolean accept(int millis) throws IOException;

        @Override
        void close();
    }

    @Override
    void close();
}
