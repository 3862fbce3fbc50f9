package io.pageflip.migration;

import static org.assertj.core.api.Assertions.assertThat;

import io.pageflip.channel.StreamEnds;
import io.pageflip.metrics.MigrationStatus;
import io.pageflip.metrics.RunResult;
import io.pageflip.os.Errno;
import io.pageflip.os.Fd;
import io.pageflip.os.NativeBuffer;
import io.pageflip.os.SyscallException;
import io.pageflip.os.UnixSocket;
import io.pageflip.ram.BlockSpec;
import io.pageflip.request.MigrationRequest;
import io.pageflip.testkit.Waiting;
import io.pageflip.wire.FrameHeader;
import io.pageflip.wire.FrameType;
import io.pageflip.wire.PageRecord;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.FutureTask;

/**
 * What two real agents said to each other in one migration: a wiretap between them has recorded it.
 *
 * @param stream the frames of the migration stream, each with the pages that follow it
 * @param answers the destination's frames on the control connection
 */
record RecordedSession(List<byte[]> stream, List<byte[]> answers) {
    private static final int SLICE_MS = 10;
    private static final int AT_ONCE = 1 << 16;

    /** Runs a migration, which must succeed, and records it. */
    static RecordedSession of(TwoAgents agents, MigrationRequest request) throws Exception {
        String path = agents.path() + ".tap";
        FutureTask<RunResult> destination = agents.destination(request);
        ByteArrayOutputStream stream = new ByteArrayOutputStream();
        ByteArrayOutputStream answers = new ByteArrayOutputStream();
        try (UnixSocket tap = UnixSocket.listen(path)) {
            FutureTask<RunResult> source = agents.source(path, request);
            List<Fd> passed = new ArrayList<>();
            try (UnixSocket fromSource = tap.accept(Waiting.LIMIT_MS);
                    UnixSocket toDestination = UnixSocket.connect(agents.path());
                    StreamEnds ours = StreamEnds.open(request.channel())) {
                NativeBuffer hello = NativeBuffer.allocate(FrameHeader.BYTES + FrameType.HELLO.maxBody());
                assertThat(fromSource.awaitReadable(Waiting.LIMIT_MS)).isTrue();
                int length = fromSource.receive(hello, 0, hello.length(), passed);
                try (Fd theirs = passed.set(0, ours.read())) {
                    toDestination.send(hello, length, passed, () -> {});
                    ours.read().close();
                    List<Thread> pumps = List.of(
                            pump(theirs, ours.write(), stream),
                            pump(toDestination.fd(), fromSource.fd(), answers),
                            pump(fromSource.fd(), toDestination.fd(), new ByteArrayOutputStream()));
                    assertThat(TwoAgents.join(destination).status()).isEqualTo(MigrationStatus.COMPLETED);
                    assertThat(TwoAgents.join(source).status()).isEqualTo(MigrationStatus.COMPLETED);
                    for (Thread pump : pumps) {
                        pump.join(Waiting.LIMIT_MS);
                    }
                }
            } finally {
                passed.forEach(Fd::close);
            }
        } finally {
            UnixSocket.unlink(path);
        }
        List<BlockSpec> blocks = request.guest().blocks();
        return new RecordedSession(frames(stream.toByteArray(), blocks), frames(answers.toByteArray(), blocks));
    }

    /** Passes on what comes, until one of both is gone. */
    private static Thread pump(Fd from, Fd to, ByteArrayOutputStream copy) {
        Thread thread = new Thread(
                () -> {
                    NativeBuffer buffer = NativeBuffer.allocate(AT_ONCE);
                    try {
                        while (pass(from, to, buffer, copy)) {
                            // More may come.
                        }
                    } catch (SyscallException | IllegalStateException e) {
                        // The agents have ended.
                    }
                },
                "wiretap");
        thread.setDaemon(true);
        thread.start();
        return thread;
    }

    private static boolean pass(Fd from, Fd to, NativeBuffer buffer, ByteArrayOutputStream copy)
            throws SyscallException {
        if (!from.awaitReadable(SLICE_MS)) {
            return true;
        }
        long read = from.read(buffer, 0, buffer.length());
        if (read <= 0) {
            return read == -Errno.EAGAIN;
        }
        byte[] bytes = new byte[(int) read];
        buffer.bytes().get(0, bytes);
        copy.writeBytes(bytes);
        int done = 0;
        while (done < read) {
            long written = to.write(buffer, done, (int) read - done);
            if (written == -Errno.EAGAIN) {
                to.awaitWritable(SLICE_MS);
            } else if (written < 0) {
                return false;
            } else {
                done += (int) written;
            }
        }
        return true;
    }

    /** Cuts what was said into frames. */
    private static List<byte[]> frames(byte[] bytes, List<BlockSpec> blocks) throws IOException {
        ByteBuffer buffer = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        List<byte[]> frames = new ArrayList<>();
        for (int at = 0; at < bytes.length; ) {
            FrameHeader header = FrameHeader.read(buffer, at);
            int end = at + FrameHeader.BYTES + header.bodyLength();
            if (header.type() == FrameType.BYTES || header.type() == FrameType.SPLICE) {
                int record = at + FrameHeader.BYTES;
                BlockSpec block = blocks.get(PageRecord.block(buffer, record));
                end += (int) block.bytesOf(PageRecord.first(buffer, record), PageRecord.count(buffer, record));
            }
            frames.add(Arrays.copyOfRange(bytes, at, end));
            at = end;
        }
        return frames;
    }
}
