package io.pageflip.destination;

import io.pageflip.channel.StreamReader;
import io.pageflip.os.Fd;
import io.pageflip.os.WaitGuard;
import io.pageflip.wire.Message;
import java.io.IOException;
import java.util.List;

/** What the destination knows of the source, and how it speaks to it. Used by the agent's one thread. */
public interface SourceLink extends WaitGuard, AutoCloseable {
    /** The source's greeting. */
    Message.Hello hello();

    /** Descriptors of {@link Message.Hello#files}, in that order; the caller owns them. To be called once. */
    List<Fd> openFiles() throws IOException;

    /** The migration stream, which the link owns. */
    StreamReader stream();

    /** How long the source may be silent, from now on. */
    void limitSilence(int seconds);

    /** Throws if the source is gone or has given up. */
    @Override
    void check() throws IOException;

    /** Whether the connection to the source is whole; true where that cannot be known. */
    boolean isConnected();

    /** Tells the source, if that is possible. */
    void send(Message message) throws IOException;

    /** Breaks the connection and lives on, for a scripted fault. Any thread. */
    void drop();

    /**
     * Listens again for a source whose connection broke.
     *
     * @param ownerEpoch in which the guest is this agent's, as the source must know
     * @throws IOException if it could not connect again anyway
     */
    Recovery listenAgain(int ownerEpoch) throws IOException;

    /** Waits for the same source to come back. */
    interface Recovery extends AutoCloseable {
        /**
         * Waits at most {@code millis} for a connection, and checks it; whoever is not the source is told so, and not
         * waited for.
         *
         * @return whether the source is here again: the link is whole
         */
        boolean accept(int millis) throws IOException;

        @Override
        void close();
    }

    @Override
    void close();
}
