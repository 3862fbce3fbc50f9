package io.pageflip.migration;

import io.pageflip.memory.BasePage;
import io.pageflip.ram.BlockSpec;
import io.pageflip.request.Mechanism;
import io.pageflip.request.Schedule;
import io.pageflip.source.FakeSource;
import io.pageflip.wire.FrameHeader;
import io.pageflip.wire.FrameType;
import io.pageflip.wire.MessageCodec;
import io.pageflip.wire.PageRecord;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;

/**
 * The frames that an honest source writes to its migration stream, one element for each, with the pages that follow it;
 * and the same with random damage.
 */
final class DamagedSession {
    /** What sends its pages how. */
    record Kind(Schedule schedule, Mechanism mechanism) {}

    static final List<Kind> KINDS = List.of(
            new Kind(Schedule.STOP_AND_MOVE, Mechanism.STREAM),
            new Kind(Schedule.STOP_AND_MOVE, Mechanism.PULL),
            new Kind(Schedule.PRECOPY, Mechanism.STREAM),
            new Kind(Schedule.HANDOVER, Mechanism.FLIP),
            new Kind(Schedule.POSTCOPY, Mechanism.FLIP),
            new Kind(Schedule.POSTCOPY, Mechanism.PULL));

    private static final int MOST_PAGES_A_FRAME = 128;

    private DamagedSession() {}

    /** A whole session, with its pages cut into frames at random. */
    static List<byte[]> honest(Kind kind, FakeSource source, Random random) {
        List<byte[]> frames = new ArrayList<>();
        boolean before = kind.schedule == Schedule.HANDOVER || kind.schedule == Schedule.POSTCOPY;
        if (!before) {
            frames.add(frame(FrameType.PREPARE));
        }
        int rounds = kind.schedule == Schedule.PRECOPY ? 3 : 1;
        for (int round = 0; round < rounds; round++) {
            addPages(frames, kind, source, random);
            if (round < rounds - 1) {
                frames.add(frame(FrameType.ROUND));
            }
        }
        long[] sent = source.specs().stream().mapToLong(spec -> spec.pages()).toArray();
        frames.add(MessageCodec.encode(source.end(sent)));
        if (before) {
            frames.add(frame(FrameType.PREPARE));
        }
        return frames;
    }

    private static void addPages(List<byte[]> frames, Kind kind, FakeSource source, Random random) {
        int most = random.nextBoolean() ? 2 : random.nextInt(4, MOST_PAGES_A_FRAME);
        for (int block = 0; block < source.specs().size(); block++) {
            BlockSpec spec = source.specs().get(block);
            for (long first = 0; first < spec.pages(); ) {
                int count = (int) Math.min(spec.pages() - first, random.nextInt(1, most + 1));
                frames.add(pages(type(kind, spec.backing().shareable(), random), block, spec, first, count));
                first += count;
            }
        }
    }

    private static FrameType type(Kind kind, boolean shareable, Random random) {
        return switch (kind.mechanism) {
            case FLIP -> shareable ? FrameType.MAP : FrameType.BYTES;
            case PULL ->
                kind.schedule == Schedule.POSTCOPY
                        ? FrameType.POSTCOPY
                        : random.nextInt(8) == 0 ? FrameType.ZERO : FrameType.PULL;
            default -> random.nextInt(8) == 0 ? FrameType.ZERO : FrameType.BYTES;
        };
    }

    private static byte[] frame(FrameType type) {
        return bytes(FrameHeader.BYTES, buffer -> FrameHeader.put(buffer, 0, type, 0));
    }

    private static byte[] pages(FrameType type, int block, BlockSpec spec, long first, int count) {
        // The last page of a block may be a part of one.
        long bytes = Math.min((long) count * BasePage.BYTES, spec.lengthBytes() - first * BasePage.BYTES);
        int payload = type == FrameType.BYTES ? (int) bytes : 0;
        return bytes(FrameHeader.BYTES + PageRecord.BYTES + payload, buffer -> {
            FrameHeader.put(buffer, 0, type, PageRecord.BYTES);
            int reason = type == FrameType.BYTES || type == FrameType.PULL || type == FrameType.POSTCOPY ? 1 : 0;
            PageRecord.put(buffer, FrameHeader.BYTES, block, reason, count, first);
        });
    }

    private static byte[] bytes(int length, java.util.function.Consumer<ByteBuffer> writer) {
        ByteBuffer buffer = ByteBuffer.allocate(length).order(ByteOrder.LITTLE_ENDIAN);
        writer.accept(buffer);
        return buffer.array();
    }

    /** Damages a session in one to four places; {@code other} lends frames that do not belong in it. */
    static void damage(List<byte[]> frames, List<byte[]> other, Random random) {
        for (int i = random.nextInt(1, 5); i > 0 && !frames.isEmpty(); i--) {
            int at = random.nextInt(frames.size());
            switch (random.nextInt(8)) {
                case 0, 1 -> frames.set(at, flipped(frames.get(at), random));
                case 2 -> frames.add(at, other.get(random.nextInt(other.size())));
                case 3 -> frames.remove(at);
                case 4 -> {
                    frames.subList(at, frames.size()).clear();
                    frames.addAll(other.subList(random.nextInt(other.size()), other.size()));
                }
                case 5 -> Collections.swap(frames, at, random.nextInt(frames.size()));
                case 6 -> frames.add(at, frames.get(at));
                default -> frames.set(at, cut(frames.get(at), random));
            }
        }
    }

    /** With one to three bits changed, mostly in the header and the record. */
    static byte[] flipped(byte[] frame, Random random) {
        byte[] changed = frame.clone();
        for (int i = random.nextInt(1, 4); i > 0; i--) {
            int within = random.nextInt(4) == 0 ? changed.length : Math.min(changed.length, 32);
            changed[random.nextInt(within)] ^= (byte) (1 << random.nextInt(8));
        }
        return changed;
    }

    private static byte[] cut(byte[] frame, Random random) {
        ByteArrayOutputStream part = new ByteArrayOutputStream();
        part.write(frame, 0, random.nextInt(frame.length));
        return part.toByteArray();
    }
}
