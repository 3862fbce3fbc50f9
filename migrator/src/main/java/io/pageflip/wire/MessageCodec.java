package io.pageflip.wire;

import io.pageflip.guest.GuestConfig;
import io.pageflip.guest.Workload;
import io.pageflip.heartbeat.GuestInfoPage;
import io.pageflip.metrics.PeerText;
import io.pageflip.ram.Backing;
import io.pageflip.ram.BlockSpec;
import io.pageflip.request.Mechanism;
import io.pageflip.request.Schedule;
import io.pageflip.scenario.RamConditions;
import io.pageflip.scenario.Scenario;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Encodes messages as frames, and decodes the bodies of frames. It checks every length and number that a peer sent
 * before it uses it, and throws a {@link ProtocolException} for a wrong one. Stateless.
 */
public final class MessageCodec {
    private static final int MAX_BLOCKS = 16;
    private static final int TRUNCATED_TEXT = 500;

    private MessageCodec() {}

    /** The whole frame of a message: header and body. */
    public static byte[] encode(Message message) {
        Out out = new Out(message.type().maxBody());
        if (message instanceof Message.Hello m) {
            putHello(out, m);
        } else if (message instanceof Message.Ready m) {
            out.u64(m.pssBytes());
        } else if (message instanceof Message.End m) {
            putEnd(out, m);
        } else if (message instanceof Message.Resumed m) {
            out.u32(m.ownerEpoch());
        } else if (message instanceof Message.Completed m) {
            out.u64(m.pssBytes());
            out.text(m.json());
        } else if (message instanceof Message.Failed m) {
            out.text(truncated(m.reason()));
        } else if (message instanceof Message.Cancel m) {
            out.text(truncated(m.reason()));
        } else if (message instanceof Message.Recover m) {
            out.u32(m.ownerEpoch());
        }
        return out.frame(message.type());
    }

    private static String truncated(String text) {
        return text.length() <= TRUNCATED_TEXT ? text : text.substring(0, TRUNCATED_TEXT);
    }

    /** The message in the body of a frame, from the buffer's position to its limit. */
    public static Message decode(FrameType type, ByteBuffer body) throws ProtocolException {
        In in = new In(type, body);
        Message message;
        try {
            message = switch (type) {
                case HELLO -> hello(in);
                case READY -> new Message.Ready(in.u64());
                case END -> end(in);
                case RESUMED -> new Message.Resumed(in.u32());
                case COMPLETED -> new Message.Completed(in.u64(), in.text());
                case FAILED -> new Message.Failed(in.text());
                case CANCEL -> new Message.Cancel(in.text());
                case RECOVER -> new Message.Recover(in.u32());
                case EXPECT, PREPARE, ROUND, MAP, GIFT, BYTES, SPLICE, PULL, ZERO, FUSE, POSTCOPY ->
                    throw new ProtocolException("a " + type + " frame where a message must be");
            };
        } catch (IllegalArgumentException e) {
            throw new ProtocolException("a " + type + " frame that makes no sense: " + e.getMessage());
        }
        in.end();
        return message;
    }

    private static void putHello(Out out, Message.Hello m) {
        out.u16(m.version());
        out.u32(m.pid());
        out.u32(m.ownerEpoch());
        out.constant(m.mechanism());
        out.constant(m.schedule());
        out.bool(m.gifts());
        out.bool(m.populate());
        out.bool(m.pagePipe());
        GuestConfig g = m.guest();
        out.u64(g.ramBytes());
        out.constant(g.backing());
        out.u8(g.vcpus());
        out.constant(g.workload());
        out.u64(g.dirtyRate());
        out.u8(g.hotSetPercent());
        out.u8(g.fillPercent());
        out.u64(g.seed());
        putScenario(out, m.scenario());
        for (Message.Hello.File file : List.of(m.token(), m.oracle(), m.console(), m.frames())) {
            putFile(out, file);
        }
        out.u8(m.blocks().size());
        for (Message.Hello.Block block : m.blocks()) {
            out.text(block.spec().name());
            out.u64(block.spec().lengthBytes());
            out.constant(block.spec().backing());
            out.u64(block.address());
            out.bool(block.file() != null);
            if (block.file() != null) {
                putFile(out, block.file());
            }
        }
    }

    private static void putScenario(Out out, Scenario scenario) {
        out.bool(!scenario.isPlain());
        if (!scenario.isPlain()) {
            out.u8(scenario.sharerPercent());
            out.u8(scenario.conditions().thpPercent());
            out.u8(scenario.conditions().forkedPercent());
            out.u8(scenario.conditions().unalignedPercent());
            out.u8(scenario.conditions().presentPercent());
            out.u8(scenario.conditions().unmappedPercent());
        }
    }

    private static void putFile(Out out, Message.Hello.File file) {
        out.u32(file.descriptor());
        out.u64(file.inode());
    }

    private static Message.Hello hello(In in) throws ProtocolException {
        int version = in.u16();
        if (version != Message.Hello.VERSION) {
            // The layout of what follows the version is unknown.
            throw new ProtocolException("the source speaks protocol version " + version + ", this destination "
                    + Message.Hello.VERSION + "; use the same pageflip on both sides");
        }
        int pid = in.u32();
        int epoch = in.u32();
        Mechanism mechanism = in.constant(Mechanism.class);
        Schedule schedule = in.constant(Schedule.class);
        boolean gifts = in.bool();
        boolean populate = in.bool();
        boolean pagePipe = in.bool();
        GuestConfig guest = new GuestConfig(
                in.between("RAM bytes", in.u64(), 1, BlockSpec.MAX_LENGTH),
                in.constant(Backing.class),
                (int) in.between("vCPUs", in.u8(), 1, GuestInfoPage.MAX_VCPUS),
                in.constant(Workload.class),
                in.between("dirty rate", in.u64(), 0, Long.MAX_VALUE),
                (int) in.between("hot set", in.u8(), 1, 100),
                (int) in.between("fill", in.u8(), 0, 100),
                in.u64());
        Scenario scenario = in.bool() ? scenario(in) : Scenario.PLAIN;
        Message.Hello.File token = file(in);
        Message.Hello.File oracle = file(in);
        Message.Hello.File console = file(in);
        Message.Hello.File frames = file(in);
        int count = (int) in.between("RAM blocks", in.u8(), 1, MAX_BLOCKS);
        List<Message.Hello.Block> blocks = new ArrayList<>(count);
        for (int i = 0; i < count; i++) {
            blocks.add(block(in));
        }
        if (!blocks.stream().map(Message.Hello.Block::spec).toList().equals(guest.blocks())) {
            throw new ProtocolException("a guest whose RAM blocks are not those of its description");
        }
        return new Message.Hello(
                version, pid, epoch, mechanism, schedule, gifts, populate, pagePipe, guest, scenario, token, oracle,
                console, frames, blocks);
    }

    private static Scenario scenario(In in) throws ProtocolException {
        Scenario scenario = new Scenario(
                (int) in.between("sharer", in.u8(), 0, 100),
                new RamConditions(
                        (int) in.between("huge pages", in.u8(), 0, 100),
                        (int) in.between("forked pages", in.u8(), 0, 100),
                        (int) in.between("unaligned pages", in.u8(), 0, 100),
                        (int) in.between("present pages", in.u8(), 0, 100),
                        (int) in.between("unmapped pages", in.u8(), 0, 100)));
        if (scenario.isPlain()) {
            throw new ProtocolException("a plain scenario, which must be absent");
        }
        return scenario;
    }

    private static Message.Hello.Block block(In in) throws ProtocolException {
        BlockSpec spec = new BlockSpec(in.text(), in.u64(), in.constant(Backing.class));
        long address = in.u64();
        Message.Hello.@Nullable File file = in.bool() ? file(in) : null;
        if ((spec.backing() == Backing.ANONYMOUS) != (file == null)) {
            throw new ProtocolException("RAM block " + spec.name() + " is " + spec.backing()
                    + (file == null ? " and comes without a file" : " and comes with a file"));
        }
        return new Message.Hello.Block(spec, address, file);
    }

    private static Message.Hello.File file(In in) throws ProtocolException {
        return new Message.Hello.File(in.u32(), in.u64());
    }

    private static void putEnd(Out out, Message.End m) {
        out.u8(m.holes().size());
        m.holes().forEach(out::u64);
        Message.SourceFigures f = m.figures();
        out.u64(f.startNs());
        out.u64(f.clock());
        out.u64(f.transferredBytes());
        out.bool(f.framesVisible());
        out.u64(f.relocatedPages());
    }

    private static Message.End end(In in) throws ProtocolException {
        int count = (int) in.between("RAM blocks", in.u8(), 1, MAX_BLOCKS);
        List<Long> holes = new ArrayList<>(count);
        for (int i = 0; i < count; i++) {
            holes.add(in.between("holes", in.u64(), 0, Long.MAX_VALUE));
        }
        return new Message.End(holes, new Message.SourceFigures(in.u64(), in.u64(), in.u64(), in.bool(), in.u64()));
    }

    /** Writes a body, and leaves room for the header before it. */
    private static final class Out {
        private final ByteBuffer buffer;

        Out(int maxBody) {
            buffer = ByteBuffer.allocate(FrameHeader.BYTES + maxBody).order(ByteOrder.LITTLE_ENDIAN);
            buffer.position(FrameHeader.BYTES);
        }

        void u8(int value) {
            buffer.put((byte) value);
        }

        void bool(boolean value) {
            u8(value ? 1 : 0);
        }

        void u16(int value) {
            buffer.putShort((short) value);
        }

        void u32(int value) {
            buffer.putInt(value);
        }

        void u64(long value) {
            buffer.putLong(value);
        }

        void bytes(byte[] value) {
            u32(value.length);
            buffer.put(value);
        }

        void text(String value) {
            bytes(value.getBytes(StandardCharsets.UTF_8));
        }

        void constant(Enum<?> value) {
            text(value.name());
        }

        byte[] frame(FrameType type) {
            FrameHeader.put(buffer, 0, type, buffer.position() - FrameHeader.BYTES);
            byte[] frame = new byte[buffer.position()];
            buffer.get(0, frame);
            return frame;
        }
    }

    /** Reads a body that a peer wrote. */
    private static final class In {
        private final FrameType type;
        private final ByteBuffer body;

        In(FrameType type, ByteBuffer body) {
            this.type = type;
            this.body = body.slice().order(ByteOrder.LITTLE_ENDIAN);
        }

        private void need(int bytes) throws ProtocolException {
            if (bytes < 0 || body.remaining() < bytes) {
                throw new ProtocolException("a " + type + " frame that ends too early");
            }
        }

        int u8() throws ProtocolException {
            need(1);
            return Byte.toUnsignedInt(body.get());
        }

        boolean bool() throws ProtocolException {
            return between("a flag", u8(), 0, 1) == 1;
        }

        int u16() throws ProtocolException {
            need(2);
            return Short.toUnsignedInt(body.getShort());
        }

        int u32() throws ProtocolException {
            need(4);
            return body.getInt();
        }

        long u64() throws ProtocolException {
            need(8);
            return body.getLong();
        }

        byte[] bytes() throws ProtocolException {
            int length = u32();
            need(length);
            byte[] bytes = new byte[length];
            body.get(bytes);
            return bytes;
        }

        String text() throws ProtocolException {
            return PeerText.printable(new String(bytes(), StandardCharsets.UTF_8));
        }

        <E extends Enum<E>> E constant(Class<E> type) throws ProtocolException {
            return Enum.valueOf(type, text()); // decode() catches the IllegalArgumentException
        }

        long between(String what, long value, long least, long most) throws ProtocolException {
            if (value < least || value > most) {
                throw new ProtocolException(type + ": " + what + " " + value + " is not in " + least + " to " + most);
            }
            return value;
        }

        void end() throws ProtocolException {
            if (body.hasRemaining()) {
                throw new ProtocolException("a " + type + " frame with " + body.remaining() + " bytes too many");
            }
        }
    }
}
