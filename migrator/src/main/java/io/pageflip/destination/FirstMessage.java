package io.pageflip.destination;

import io.pageflip.channel.PeerGoneException;
import io.pageflip.log.EventLog;
import io.pageflip.os.Fd;
import io.pageflip.os.NanoClock;
import io.pageflip.os.NativeBuffer;
import io.pageflip.os.PeerCredentials;
import io.pageflip.os.Proc;
import io.pageflip.os.UnixSocket;
import io.pageflip.os.WaitGuard;
import io.pageflip.wire.FrameHeader;
import io.pageflip.wire.FrameType;
import io.pageflip.wire.Message;
import io.pageflip.wire.MessageCodec;
import io.pageflip.wire.MessageText;
import io.pageflip.wire.ProtocolException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The first message of a connection that a peer has opened to this agent: who the peer is, what it says, and the
 * descriptors that it passes with it. Owns the socket and the descriptors, until somebody takes them. Used by one
 * thread, which never waits here for longer than it wants to.
 */
final class FirstMessage implements AutoCloseable {
    private static final long NS_PER_S = 1_000_000_000L;
    private static final EventLog EVENTS = EventLog.of("destination");

    /** No first message passes more: two streams, four files, and the files of 16 blocks. */
    private static final int MOST_DESCRIPTORS = 22;

    private final UnixSocket socket;
    private final FrameType type;
    private final NanoClock clock;
    private final long sinceNs;
    private final int timeoutS;
    private final NativeBuffer buffer;
    private final List<Fd> descriptors = new ArrayList<>();
    private final PeerCredentials peer;
    private int received;
    private int wanted = FrameHeader.BYTES;
    private @Nullable Message message;

    /**
     * Nothing has been read yet.
     *
     * @param socket taken over, whatever happens
     * @param type which the message must have
     * @param timeoutS how long the peer has for the whole of it, in seconds
     * @throws IOException if the peer belongs to another user, neither this one nor root; it has been told so
     */
    FirstMessage(UnixSocket socket, FrameType type, int timeoutS, NanoClock clock) throws IOException {
        this.socket = socket;
        this.type = type;
        this.timeoutS = timeoutS;
        this.clock = clock;
        this.sinceNs = clock.nanoTime();
        this.buffer = NativeBuffer.allocate(FrameHeader.BYTES + type.maxBody());
        try {
            this.peer = socket.peer();
            if (peer.uid() != Proc.uid() && peer.uid() != 0) {
                throw new IOException("a connection of user " + peer.uid() + ", who is neither this user nor root");
            }
        } catch (IOException | RuntimeException e) {
            refuse(e);
            throw e;
        }
    }

    /** The process that has connected, as the kernel says. */
    PeerCredentials peer() {
        return peer;
    }

    UnixSocket socket() {
        return socket;
    }

    /** The descriptors that came with the message; the list is this object's, which closes what is left in it. */
    List<Fd> descriptors() {
        return descriptors;
    }

    /**
     * Reads what has come by now.
     *
     * @param waitMs how long to wait for something to come, in milliseconds
     * @return the message, once all of it is here; null before
     * @throws IOException if it is no such message, or the peer takes too long
     */
    @Nullable
    Message read(int waitMs) throws IOException {
        while (message == null && socket.awaitReadable(waitMs)) {
            int count = socket.receive(buffer, received, wanted - received, descriptors);
            if (count == 0) {
                throw new PeerGoneException("a connection that was closed without a greeting");
            }
            if (descriptors.size() > MOST_DESCRIPTORS) {
                throw new ProtocolException("a greeting with more than " + MOST_DESCRIPTORS + " descriptors");
            }
            received += count;
            checkTime();
            if (received == FrameHeader.BYTES) {
                readHeader();
            }
            if (received == wanted) {
                buffer.bytes().limit(received).position(FrameHeader.BYTES);
                message = MessageCodec.decode(type, buffer.bytes());
                EVENTS.event("received", new MessageText(message));
            }
        }
        if (message == null) {
            checkTime();
        }
        return message;
    }

    private void readHeader() throws ProtocolException {
        FrameHeader header = FrameHeader.read(buffer.bytes(), 0);
        if (header.type() != type) {
            throw new ProtocolException("a connection that starts with " + header.type() + ", not with " + type);
        }
        wanted += header.bodyLength();
    }

    private void checkTime() throws IOException {
        if (clock.nanoTime() - sinceNs > timeoutS * NS_PER_S) {
            throw new IOException("no whole greeting within " + timeoutS + " s");
        }
    }

    /** Tells the peer why it is refused, if it reads that, and closes everything. */
    void refuse(Exception reason) {
        if (socket.fd().isOpen()) { // else a control connection has it already
            try {
                byte[] frame = MessageCodec.encode(new Message.Failed(String.valueOf(reason.getMessage())));
                NativeBuffer answer = NativeBuffer.allocate(frame.length);
                answer.bytes().put(0, frame);
                socket.send(answer, frame.length, List.of(), WaitGuard.refusing("the peer does not read"));
            } catch (IOException e) {
                reason.addSuppressed(e); // the peer does not read
            }
        }
        close();
    }

    @Override
    public void close() {
        descriptors.forEach(Fd::close);
        descriptors.clear();
        if (socket.fd().isOpen()) {
            socket.close();
        }
    }
}
