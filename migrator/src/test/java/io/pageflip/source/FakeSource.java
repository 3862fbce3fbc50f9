package io.pageflip.source;

import io.pageflip.channel.ControlConnection;
import io.pageflip.channel.InactivityTimeout;
import io.pageflip.channel.StreamEnds;
import io.pageflip.channel.StreamWriter;
import io.pageflip.guest.GuestConfig;
import io.pageflip.guest.VirtualMachine;
import io.pageflip.os.Fd;
import io.pageflip.os.NanoClock;
import io.pageflip.os.NativeBuffer;
import io.pageflip.os.UnixSocket;
import io.pageflip.ram.Backing;
import io.pageflip.ram.BlockSpec;
import io.pageflip.ram.RamBlock;
import io.pageflip.request.Mechanism;
import io.pageflip.request.MigrationRequest;
import io.pageflip.request.RequestBuilder;
import io.pageflip.request.Schedule;
import io.pageflip.switchover.OutgoingSwitchover;
import io.pageflip.switchover.Ownership;
import io.pageflip.switchover.RunToken;
import io.pageflip.testkit.Waiting;
import io.pageflip.wire.FrameHeader;
import io.pageflip.wire.FrameType;
import io.pageflip.wire.Message;
import io.pageflip.wire.MessageCodec;
import io.pageflip.wire.PageRecord;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.function.UnaryOperator;

/** A source that has a real guest, and says about it whatever a test wants. */
public final class FakeSource implements AutoCloseable {

    /** In the run token's memfd: the second page, behind its header and three registers. */
    private static final int CURSOR_OF_VCPU_0 = 4096 + 128 + 24;

    /** Bytes that the stream's writer takes at once. */
    private static final int PIECE = 32 << 10;

    private final SourceMemory memory;
    private final MigrationRequest request;
    private final UnixSocket socket;
    private final StreamEnds ends;
    private final StreamWriter stream;
    private final List<Fd> passed = new ArrayList<>();
    private ControlConnection control;

    public FakeSource(String path, GuestConfig config) throws IOException {
        this(path, new RequestBuilder().guest(config).build(), Waiting.LIMIT.toSeconds());
    }

    /**
     * A source with the guest and the channel of a request.
     *
     * @param patienceS how long it waits for a destination that reads nothing
     */
    public FakeSource(String path, MigrationRequest request, long patienceS) throws IOException {
        this.request = request;
        this.memory = new SourceMemory(
                VirtualMachine.create(request.guest(), spec -> block(request, spec), NanoClock.SYSTEM),
                NanoClock.SYSTEM);
        memory.guest().powerOn(done -> {});
        this.socket = UnixSocket.connect(path);
        this.ends = StreamEnds.open(request.channel());
        InactivityTimeout timeout = new InactivityTimeout(NanoClock.SYSTEM, () -> {});
        timeout.limitSeconds(patienceS);
        this.stream = new StreamWriter(ends.write(), ends.write(), timeout);
        memory.hello(request, true); // exports a guest that lies on a disk
        if (request.guest().backing() == Backing.FILE) {
            memory.requireExport().release(); // the guest never runs
        }
        passed.add(ends.read());
        passed.addAll(memory.files());
    }

    private static RamBlock block(MigrationRequest request, BlockSpec spec) throws IOException {
        return spec.backing() == Backing.FILE
                ? RamBlock.createOnDisk(
                        spec, Objects.requireNonNull(request.place().directory()))
                : RamBlock.create(spec);
    }

    /** What an honest source would say. */
    public Message.Hello honestHello(Mechanism mechanism) throws IOException {
        MigrationRequest honest = new RequestBuilder()
                .guest(request.guest())
                .place(request.place())
                .channel(request.channel())
                .mechanism(mechanism)
                .schedule(Schedule.STOP_AND_MOVE)
                .build();
        return memory.hello(honest, true);
    }

    /** A greeting like {@code hello}, of another process, schedule and mechanism. */
    public static Message.Hello with(Message.Hello hello, int pid, Schedule schedule, Mechanism mechanism) {
        return new Message.Hello(
                hello.version(),
                pid,
                hello.ownerEpoch(),
                mechanism,
                schedule,
                hello.gifts(),
                hello.populate(),
                hello.pagePipe(),
                hello.guest(),
                hello.scenario(),
                hello.token(),
                hello.oracle(),
                hello.console(),
                hello.frames(),
                hello.blocks());
    }

    /** The descriptors that go with the greeting: the stream's, token, oracle, console, frames, then the blocks'. */
    public List<Fd> passed() {
        return passed;
    }

    public List<BlockSpec> specs() {
        return request.guest().blocks();
    }

    /** Greets with what the test has made of the honest greeting. */
    public void greet(Mechanism mechanism, UnaryOperator<Message.Hello> change) throws IOException {
        greet(MessageCodec.encode(change.apply(honestHello(mechanism))));
    }

    /** Greets with these bytes, and with the descriptors that belong to an honest greeting. */
    public void greet(byte[] frame) throws IOException {
        NativeBuffer message = NativeBuffer.allocate(frame.length);
        message.bytes().put(0, frame);
        socket.send(message, frame.length, passed, () -> {});
        ends.read().close();
        control = ControlConnection.over(socket.fd());
    }

    /** Announces nothing, and waits until the destination is ready. */
    public void prepare() throws IOException {
        header(FrameType.PREPARE, 0);
        Message ready = heard();
        if (!(ready instanceof Message.Ready)) {
            throw new AssertionError("not ready, but " + ready);
        }
    }

    public void header(FrameType type, int body) throws IOException {
        ByteBuffer frame = ByteBuffer.allocate(FrameHeader.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        FrameHeader.put(frame, 0, type, body);
        stream.write(frame.array());
    }

    /** A frame with one record. */
    public void record(FrameType type, int block, long first, int count, int reason) throws IOException {
        header(type, PageRecord.BYTES);
        ByteBuffer record = ByteBuffer.allocate(PageRecord.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        PageRecord.put(record, 0, block, reason, count, first);
        stream.write(record.array());
    }

    public void say(Message message) throws IOException {
        stream.write(MessageCodec.encode(message));
    }

    public void bytes(byte[] bytes) throws IOException {
        for (int from = 0; from < bytes.length; from += PIECE) {
            stream.write(Arrays.copyOfRange(bytes, from, Math.min(bytes.length, from + PIECE)));
        }
    }

    /** Gives the guest, which never ran, away, after one END, with a cursor of vCPU 0 as the test wants it. */
    public void switchOut(long cursor) throws IOException {
        switchOut(CURSOR_OF_VCPU_0, cursor);
    }

    /** The same, with another word of the run token's memfd. */
    public void switchOut(int offset, long value) throws IOException {
        NativeBuffer word = NativeBuffer.allocate(Long.BYTES);
        word.bytes().putLong(0, value);
        OutgoingSwitchover.Moments moments = new OutgoingSwitchover.Moments() {
            @Override
            public void dryRun() {
                // Nothing is to be looked at.
            }

            @Override
            public int paused() {
                return 1;
            }

            @Override
            public void saved() throws IOException {
                memory.token().file().write(offset, word, Long.BYTES);
            }
        };
        new OutgoingSwitchover(memory.guest(), new Ownership(memory.token(), 1), NanoClock.SYSTEM, moments).run();
    }

    /** An END that says of every page that it is a hole, less those sent. */
    public Message.End end(long... sent) {
        List<Long> holes = new ArrayList<>();
        for (int i = 0; i < sent.length; i++) {
            holes.add(specs().get(i).pages() - sent[i]);
        }
        return new Message.End(holes, new Message.SourceFigures(1, 0, 4, false, 0));
    }

    /** What the destination says next. */
    public Message heard() throws IOException {
        Message message = control.poll(Waiting.LIMIT_MS);
        if (message == null) {
            throw new AssertionError("the destination has said nothing for " + Waiting.LIMIT_MS + " ms");
        }
        return message;
    }

    public ControlConnection control() {
        return control;
    }

    /** Whether this agent could still run the guest: it holds the lock, and the epoch is its own. */
    public boolean ownsGuest() {
        return memory.token().isLocked() && memory.token().epoch() == 1;
    }

    /** The run token, which this source has made. */
    public RunToken token() {
        return memory.token();
    }

    /** Dies, as far as the destination can tell: the connection and the lock go. */
    public void die() throws IOException {
        stream.close();
        control.close();
        memory.endExport();
        memory.token().release();
    }

    /** Gives the lock away. */
    public void release() throws IOException {
        memory.token().release();
    }

    public int epoch() {
        return memory.token().epoch();
    }

    /** An inode that is none of the descriptors' named. */
    public static Message.Hello.File other(Message.Hello.File file) {
        return new Message.Hello.File(file.descriptor(), file.inode() + 1);
    }

    /** Takes the place of a descriptor that would be passed. */
    public void pass(int at, Fd other) {
        passed.set(at, other);
    }

    public Fd file(int at) {
        return memory.files().get(at);
    }

    @Override
    public void close() {
        stream.close();
        ends.close();
        if (control != null) {
            control.close();
        }
        socket.close();
        memory.close();
    }
}
