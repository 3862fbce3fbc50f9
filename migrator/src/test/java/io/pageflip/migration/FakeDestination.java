package io.pageflip.migration;

import io.pageflip.channel.InactivityTimeout;
import io.pageflip.channel.StreamReader;
import io.pageflip.os.Fd;
import io.pageflip.os.MemFd;
import io.pageflip.os.NanoClock;
import io.pageflip.os.NativeBuffer;
import io.pageflip.os.SyscallException;
import io.pageflip.os.UnixSocket;
import io.pageflip.switchover.Ownership;
import io.pageflip.switchover.RunToken;
import io.pageflip.testkit.Waiting;
import io.pageflip.wire.FrameHeader;
import io.pageflip.wire.FrameType;
import io.pageflip.wire.Message;
import io.pageflip.wire.MessageCodec;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.LockSupport;

/** A destination that does whatever a test wants. It moves no page: it only listens, speaks, and holds descriptors. */
final class FakeDestination implements AutoCloseable {

    private static final int MOST_DRIPS = 300;
    private static final int FLOOD_AT_ONCE = 100;

    private final UnixSocket connection;
    private final List<Fd> descriptors = new ArrayList<>();
    private final Message.Hello hello;
    private final StreamReader stream;
    private final List<Thread> drains = new ArrayList<>();
    private volatile boolean dead;
    private RunToken token;

    /** Takes the first connection and its greeting. */
    FakeDestination(UnixSocket listener) throws IOException {
        connection = listener.accept(Waiting.LIMIT_MS);
        if (connection == null) {
            throw new AssertionError("no source within " + Waiting.LIMIT_MS + " ms");
        }
        NativeBuffer buffer = NativeBuffer.allocate(FrameHeader.BYTES + FrameType.HELLO.maxBody());
        if (!connection.awaitReadable(Waiting.LIMIT_MS)) {
            throw new AssertionError("no greeting within " + Waiting.LIMIT_MS + " ms");
        }
        int received = connection.receive(buffer, 0, buffer.length(), descriptors);
        FrameHeader header = FrameHeader.read(buffer.bytes(), 0);
        buffer.bytes().limit(received).position(FrameHeader.BYTES);
        hello = (Message.Hello) MessageCodec.decode(header.type(), buffer.bytes());
        InactivityTimeout timeout = new InactivityTimeout(NanoClock.SYSTEM, () -> {});
        timeout.limitSeconds(Waiting.LIMIT.toSeconds());
        stream = new StreamReader(descriptors.get(0), descriptors.get(0), false, timeout);
    }

    /** A look at the run token of the source's, as any destination has it. */
    RunToken token() throws IOException {
        if (token == null) {
            int at = hello.pagePipe() ? 2 : 1;
            token = RunToken.attach(MemFd.adopt(descriptors.get(at).duplicate(), "token", RunToken.lengthBytes()));
            descriptors.get(at).close();
        }
        return token;
    }

    /** Reads the stream up to and including a frame of that type. */
    void readUntil(FrameType type) throws IOException {
        FrameHeader header = stream.next();
        while (header.type() != type) {
            if (header.type() == FrameType.BYTES) {
                skipPages();
            }
            header = stream.next();
        }
    }

    private void skipPages() throws IOException {
        var body = stream.body();
        int block = io.pageflip.wire.PageRecord.block(body, body.position());
        long first = io.pageflip.wire.PageRecord.first(body, body.position());
        int count = io.pageflip.wire.PageRecord.count(body, body.position());
        long bytes = hello.guest().blocks().get(block).bytesOf(first, count);
        try (var nowhere = io.pageflip.os.Mapping.anonymous("nowhere", (bytes + 4095) / 4096 * 4096)) {
            stream.readInto(nowhere, 0, bytes);
        }
    }

    /** Has a thread read, and forget, everything that comes from now on, until the source closes it. */
    void drain() {
        int streams = hello.pagePipe() ? 2 : 1;
        for (Fd stream : descriptors.subList(0, streams)) {
            Thread thread = new Thread(() -> drain(stream), "drain");
            thread.setDaemon(true);
            thread.start();
            drains.add(thread);
        }
    }

    private void drain(Fd from) {
        NativeBuffer nowhere = NativeBuffer.allocate(1 << 16);
        try {
            long read = 1;
            while (!dead && read != 0) {
                read = from.awaitReadable(20) ? from.read(nowhere, 0, nowhere.length()) : 1;
            }
        } catch (SyscallException | IllegalStateException e) {
            // The test is over.
        }
    }

    /** Whether the source has said that the migration is over: after its greeting, it says nothing else here. */
    boolean isCancelled() throws IOException {
        return connection.awaitReadable(0);
    }

    /** Takes the guest, whose lock it has. */
    void take() throws IOException {
        new Ownership(token(), hello.ownerEpoch()).take();
        token().wakeWaiters();
    }

    /** Reads single bytes, with pauses, until somebody closes the stream: progress, but hardly any. */
    void drip() throws IOException {
        NativeBuffer one = NativeBuffer.allocate(1);
        for (int i = 0; i < MOST_DRIPS && !descriptors.get(0).peerGone(); i++) {
            descriptors.get(0).read(one, 0, 1);
            LockSupport.parkNanos(10_000_000);
        }
    }

    /** Sends so many small messages, as far as they are taken. */
    void flood(int count) {
        byte[] frame = MessageCodec.encode(new Message.Resumed(2));
        NativeBuffer many = NativeBuffer.allocate(frame.length * FLOOD_AT_ONCE);
        for (int i = 0; i < FLOOD_AT_ONCE; i++) {
            many.bytes().put(i * frame.length, frame);
        }
        try {
            connection.fd().setNonBlocking();
            for (int i = 0; i < count / FLOOD_AT_ONCE; i++) {
                connection.fd().write(many, 0, many.length());
            }
        } catch (SyscallException e) {
            throw new AssertionError(e);
        }
    }

    void say(Message message) {
        sayRaw(MessageCodec.encode(message));
    }

    void sayRaw(byte[] bytes) {
        NativeBuffer buffer = NativeBuffer.allocate(bytes.length);
        buffer.bytes().put(0, bytes);
        connection.fd().write(buffer, 0, bytes.length);
    }

    /** As a process that dies: everything but the token, which tests look at. */
    void die() {
        dead = true;
        for (Thread drain : drains) {
            join(drain);
        }
        stream.close();
        connection.close();
        descriptors.forEach(Fd::close);
    }

    private static void join(Thread thread) {
        try {
            thread.join(Waiting.LIMIT_MS);
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    @Override
    public void close() {
        die();
        if (token != null) {
            token.close();
        }
    }
}
