package io.pageflip.channel;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.FixedRecvByteBufAllocator;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollDomainSocketChannel;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.handler.codec.ByteToMessageDecoder;
import io.netty.util.concurrent.DefaultThreadFactory;
import io.pageflip.log.EventLog;
import io.pageflip.os.Fd;
import io.pageflip.os.HostLacksException;
import io.pageflip.wire.FrameHeader;
import io.pageflip.wire.Message;
import io.pageflip.wire.MessageCodec;
import io.pageflip.wire.MessageText;
import io.pageflip.wire.ProtocolException;
import java.io.IOException;
import java.nio.ByteOrder;
import java.util.List;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * Messages in both directions over a connected Unix socket. Netty reads and decodes on a thread of its own; the agent's
 * thread takes messages with {@link #poll}. {@link #hasInput} takes 2 ns, so that thread can ask at any moment whether
 * a message waits.
 */
public final class ControlConnection implements AutoCloseable {
    private static final long SEND_TIMEOUT_S = 5;

    /** Messages that wait to be taken before nothing more is read. An honest peer sends four. */
    private static final int MOST_WAITING = 16;

    /** Bytes read at once: so few messages come between two looks at {@link #MOST_WAITING}. */
    private static final int READ_BYTES = 4096;

    private static final long QUIET_PERIOD_MS = 0;
    private static final long CLOSE_TIMEOUT_S = 2;

    /**
     * Held here, because the log manager drops a logger that nobody references, and its level with it. Without this
     * level Netty prints a warning on the terminal of a host without a network, and a stack trace where a thread cannot
     * be started; that failure reaches us as an exception, too.
     */
    private static final Logger NETTY = Logger.getLogger("io.netty");

    static {
        NETTY.setLevel(Level.OFF);
    }

    private final EventLoopGroup eventLoop;
    private final LinkedBlockingQueue<Message> inbox = new LinkedBlockingQueue<>();
    private final EpollDomainSocketChannel channel;
    private final EventLog log;
    private volatile boolean inputWaits;
    private volatile @Nullable IOException broken;

    private ControlConnection(EpollDomainSocketChannel channel, EventLog log) {
        this.eventLoop = new MultiThreadIoEventLoopGroup(
                1, new DefaultThreadFactory("control", true), EpollIoHandler.newFactory());
        this.channel = channel;
        this.log = log;
    }

    /** As below, without a log. */
    public static ControlConnection over(Fd socket) throws IOException {
        return over(socket, EventLog.NONE);
    }

    /**
     * Takes over a connected socket. Nobody else may read from it any more.
     *
     * @param log gets an event for each message
     */
    public static ControlConnection over(Fd socket, EventLog log) throws IOException {
        if (!Epoll.isAvailable()) {
            throw new HostLacksException(
                    "Netty's native epoll transport does not load here: " + Epoll.unavailabilityCause(),
                    Epoll.unavailabilityCause());
        }
        ControlConnection connection = new ControlConnection(new EpollDomainSocketChannel(socket.handOver()), log);
        try {
            connection.start();
            return connection;
        } catch (IOException | RuntimeException | Error e) {
            try {
                connection.close();
            } catch (OutOfMemoryError noThread) { // the thread that ends is the one that could not be started
                e.addSuppressed(noThread);
            }
            throw e;
        }
    }

    private void start() throws IOException {
        channel.config().setOption(ChannelOption.ALLOCATOR, UnpooledByteBufAllocator.DEFAULT);
        channel.config()
                .setOption(
                        ChannelOption.RECVBUF_ALLOCATOR,
                        new FixedRecvByteBufAllocator(READ_BYTES).maxMessagesPerRead(1));
        channel.pipeline().addLast(new FrameDecoder(), new Inbound());
        ChannelFuture registered = eventLoop.register(channel);
        if (!registered.awaitUninterruptibly(SEND_TIMEOUT_S, TimeUnit.SECONDS)) {
            throw new IOException("the control connection could not be registered");
        }
        Throwable cause = registered.cause();
        if (cause instanceof Error noThread) {
            throw noThread;
        }
        if (cause != null) {
            throw new IOException("the control connection could not be registered: " + cause.getMessage(), cause);
        }
    }

    /** Whether {@link #poll} would return a message, or throw because the connection is broken, at once. */
    public boolean hasInput() {
        return inputWaits;
    }

    /** False once the connection is known to be broken. Messages that came before that can still be taken. */
    public boolean isWhole() {
        return broken == null;
    }

    /**
     * Takes the next message; returns null if none came within {@code timeoutMs}.
     *
     * @throws PeerGoneException if the peer has closed the connection, and all its messages have been taken
     * @throws IOException if the peer sent something that cannot be decoded
     */
    public @Nullable Message poll(int timeoutMs) throws IOException {
        // Read before the inbox: all messages that came before the failure are in the inbox by then, and none follow.
        IOException failure = broken;
        Message message;
        try {
            message = inbox.poll(failure == null ? timeoutMs : 0, TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        }
        if (message == null && failure != null) {
            throw failure;
        }
        if (message != null && inbox.size() < MOST_WAITING && !channel.config().isAutoRead()) {
            channel.config().setAutoRead(true);
        }
        inputWaits = false;
        if (!inbox.isEmpty() || broken != null) {
            inputWaits = true; // checked after the flag was cleared: no message in between is missed
        }
        return message;
    }

    /** Closes the connection: from now on it is broken for both ends. Returns at once. Any thread may call it. */
    public void drop() {
        fail(new PeerGoneException("the control connection was closed here"));
        var unused = channel.close();
    }

    /** Sends a message; returns when it has been written to the socket. */
    public void send(Message message) throws IOException {
        long sinceNs = log.nowNs();
        var sent = channel.writeAndFlush(Unpooled.wrappedBuffer(MessageCodec.encode(message)));
        if (!sent.awaitUninterruptibly(SEND_TIMEOUT_S, TimeUnit.SECONDS)) {
            throw new IOException("the peer takes no " + message.type() + " message");
        }
        if (!sent.isSuccess()) {
            throw new PeerGoneException("the other agent has closed its control connection, or died");
        }
        if (sinceNs != 0) {
            log.eventAt(sinceNs, "sent", new MessageText(message));
        }
    }

    @Override
    public void close() {
        channel.close().awaitUninterruptibly(CLOSE_TIMEOUT_S, TimeUnit.SECONDS);
        eventLoop
                .shutdownGracefully(QUIET_PERIOD_MS, CLOSE_TIMEOUT_S * 1000, TimeUnit.MILLISECONDS)
                .awaitUninterruptibly(CLOSE_TIMEOUT_S, TimeUnit.SECONDS);
    }

    private void fail(IOException reason) {
        if (broken == null) {
            broken = reason;
            log.event("end of the control connection:", String.valueOf(reason.getMessage()));
        }
        inputWaits = true;
    }

    /** Cuts the byte stream into frames and decodes them. It checks each header before it waits for the body. */
    private static final class FrameDecoder extends ByteToMessageDecoder {
        @Override
        protected void decode(ChannelHandlerContext context, ByteBuf in, List<Object> out) throws IOException {
            if (in.readableBytes() < FrameHeader.BYTES) {
                return;
            }
            var bytes = in.nioBuffer().order(ByteOrder.LITTLE_ENDIAN);
            FrameHeader header = FrameHeader.read(bytes, bytes.position());
            int length = FrameHeader.BYTES + header.bodyLength();
            if (in.readableBytes() >= length) {
                bytes.limit(bytes.position() + length).position(bytes.position() + FrameHeader.BYTES);
                out.add(MessageCodec.decode(header.type(), bytes));
                in.skipBytes(length);
            }
        }
    }

    private final class Inbound extends ChannelInboundHandlerAdapter {
        @Override
        public void channelRead(ChannelHandlerContext context, Object message) {
            if (log.isOn()) {
                log.event("received", new MessageText((Message) message));
            }
            inbox.add((Message) message);
            inputWaits = true;
            if (inbox.size() >= MOST_WAITING) {
                channel.config().setAutoRead(false); // the peer waits until some of them have been taken
            }
        }

        @Override
        public void channelInactive(ChannelHandlerContext context) {
            fail(new PeerGoneException("the other agent has closed its control connection, or died"));
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
            Throwable root = cause.getCause() instanceof IOException io ? io : cause;
            if (root instanceof ProtocolException refused) {
                fail(refused);
            } else if (root instanceof IOException) { // ECONNRESET: the peer closed it with messages unread
                fail(new PeerGoneException(
                        "the other agent has closed its control connection, or died: " + root.getMessage()));
            } else {
                fail(new IOException("control connection: " + root, root));
            }
            var unused = context.close(); // close() of the connection awaits this, too
        }
    }
}
