package io.pageflip.process;

import io.pageflip.os.NanoClock;
import io.pageflip.os.Proc;
import io.pageflip.os.Threads;
import io.pageflip.testkit.Waiting;
import java.io.IOException;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.jspecify.annotations.Nullable;

/**
 * Watches the first vCPU from outside, in a mapping of its own of the guest information page, by spinning: how long its
 * heart stood still when the guest changed hands. That it did, the owner epoch in the run token says.
 */
final class Observer implements AutoCloseable {
    static final VarHandle WORD = MethodHandles.byteBufferViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle HALF_WORD =
            MethodHandles.byteBufferViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
    static final int PAGE = 4096;
    private static final int TOKEN = 2 * PAGE;
    static final int COUNT = 64;
    private static final int BEAT_TIME = 72;
    private static final int LAST_INSTRUCTION = PAGE + 136;

    /** A count and a time that were read further apart than this belong to different heartbeats. */
    private static final int BEATS_TORN = 16;

    private static final int REHEARSED_LOOKS = 100_000;

    /**
     * Between the two heartbeats around the switchover.
     *
     * @param stampedNs what the time stamps of the two say
     * @param seenNs what the observer's own clock says, which also counts what the observer was held up
     * @param beats from the one to the other, give or take some
     */
    record Gap(long stampedNs, long seenNs, long beats) {}

    private final ByteBuffer info;
    private final ByteBuffer token;
    private final Thread thread = new Thread(this::watch, "observer");
    private volatile boolean ended;
    private final int epoch;
    private long count;
    private long beatNs;
    private long seenNs;
    private @Nullable Gap gap;

    private Observer(ByteBuffer info, ByteBuffer token) {
        this.info = info;
        this.token = token;
        this.epoch = epoch();
        this.count = count();
        this.beatNs = beatNs();
        this.seenNs = NanoClock.SYSTEM.nanoTime();
        thread.setDaemon(true);
    }

    /** Has its code compiled: an interpreter is slower than a heart that beats 15 times in a microsecond. */
    static void warmUp() {
        ByteBuffer page = ByteBuffer.allocateDirect(TOKEN);
        Observer rehearsing = new Observer(page, page);
        for (int i = 0; i < REHEARSED_LOOKS; i++) {
            WORD.setVolatile(page, BEAT_TIME, (long) i);
            rehearsing.look();
        }
    }

    /** Of the guest in a source, once that has one; needs the source no more when this returns. */
    static Observer of(Run source) throws IOException {
        Observer observer =
                new Observer(map(Heartbeat.file(source, "ram"), PAGE), map(Heartbeat.file(source, "token"), TOKEN));
        observer.thread.start();
        return observer;
    }

    static ByteBuffer map(Path file, int bytes) throws IOException {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            return channel.map(FileChannel.MapMode.READ_ONLY, 0, bytes);
        }
    }

    private void watch() {
        runBeforeAllOthers();
        boolean last = false;
        while (!last && gap == null) {
            last = ended;
            look();
            Thread.onSpinWait();
        }
    }

    /** So that a busy machine does not take the processor away at the moment that counts; as far as this user may. */
    private static void runBeforeAllOthers() {
        try {
            Waiting.exitCode(
                    "chrt",
                    new ProcessBuilder("chrt", "--fifo", "--pid", "1", Integer.toString(Proc.threadId()))
                            .redirectErrorStream(true)
                            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                            .start());
        } catch (IOException e) {
            System.err.println("the observer has no priority: " + e.getMessage());
        }
    }

    private void look() {
        boolean switched = epoch() != epoch;
        long nextCount = count();
        long nextBeatNs = beatNs();
        if (nextBeatNs == beatNs || count() - nextCount > BEATS_TORN) {
            return;
        }
        long nowNs = NanoClock.SYSTEM.nanoTime();
        // One who was slow may still have to see the last heartbeat of the source, though the epoch is the next one.
        if (switched && beatNs <= lastInstructionNs() && nextBeatNs > lastInstructionNs()) {
            gap = new Gap(nextBeatNs - beatNs, nowNs - seenNs, nextCount - count);
        }
        beatNs = nextBeatNs;
        count = nextCount;
        seenNs = nowNs;
    }

    private long beatNs() {
        return (long) WORD.getVolatile(info, BEAT_TIME);
    }

    /** Of the source, once the epoch is the next one: tells which gap it is, not how long. */
    private long lastInstructionNs() {
        return (long) WORD.getVolatile(token, LAST_INSTRUCTION);
    }

    private int epoch() {
        return (int) HALF_WORD.getVolatile(token, 0);
    }

    /** The number of instructions that the first vCPU has executed. */
    long count() {
        return (long) WORD.getVolatile(info, COUNT);
    }

    /** Ends the watch: the gap around the switchover; null if the guest did not change hands while it was watched. */
    @Nullable
    Gap end() {
        close();
        return gap;
    }

    @Override
    public void close() {
        ended = true;
        Threads.join(thread);
    }
}
