package io.pageflip.migration;

import io.pageflip.channel.InactivityTimeout;
import io.pageflip.channel.StreamReader;
import io.pageflip.os.Fd;
import io.pageflip.os.MemFd;
import io.pageflip.os.NanoClock;
import io.pageflip.os.NativeBuffer;
import io.pageflip.os.UnixSocket;
import io.pageflip.switchover.RunToken;
import io.pageflip.testkit.Waiting;
import io.pageflip.wire.FrameHeader;
import io.pageflip.wire.FrameType;
import io.pageflip.wire.Message;
import io.pageflip.wire.MessageCodec;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** A destination that does whatever a test wants. It moves no page: it only listens, speaks, and holds descriptors. */
final class FakeDestination implements AutoCloseable {

    private final UnixSocket connection;
    private final List<Fd> descriptors = new ArrayList<>();
    private final Message.Hello hello;
    private final StreamReader stream;
    private RunToken token;

    /** Takes the first connection and its greeting. */
    FakeDestination(UnixSocket listener) throws IOException {
        connection = listener.accept(Waiting.LIMIT_MS);
        if (connection == null) {
            throw new AssertionError("no source within " + Waiting.LIMIT_MS + " ms");
        }
        NativeBuffer buffer = NativeBuffer.allocate(FrameHeader.BYTES + FrameType.HELLO.maxBody());
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
        stream.close();
        connection.close();
        descriptors.forEach(Fd::close);
    }

    @Override
    public void close() {
        die();
        if (token != null) {
            token.close();
        }
    }
}
