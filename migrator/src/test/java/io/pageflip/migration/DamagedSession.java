package io.pageflip.migration;

import io.pageflip.os.Capability;
import io.pageflip.os.DiskFile;
import io.pageflip.os.HostCapabilities;
import io.pageflip.ram.Backing;
import io.pageflip.request.ChannelKind;
import io.pageflip.request.Mechanism;
import io.pageflip.request.RamPlace;
import io.pageflip.request.Schedule;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.Random;

/** Random damage to a session that was recorded. */
final class DamagedSession {
    /** What sends its pages how. */
    record Kind(Schedule schedule, Mechanism mechanism) {
        /** What holds RAM whose pages can cross so. */
        RamPlace place() {
            return switch (mechanism) {
                case GIFT -> new RamPlace(Backing.ANONYMOUS);
                case FUSE -> RamPlace.parse("file:/var/tmp");
                case FLIP, STREAM, PULL -> new RamPlace(Backing.MEMFD);
            };
        }

        /** One in which pages are in their place among the frames. */
        ChannelKind channel() {
            return mechanism == Mechanism.GIFT ? ChannelKind.PIPE : ChannelKind.UNIX;
        }

        /** Why it cannot be tried here; empty if it can. */
        String whyNot() {
            if (mechanism != Mechanism.FUSE) {
                return "";
            }
            Capability fuse = HostCapabilities.probeFuse();
            if (!fuse.available()) {
                return fuse.detail();
            }
            try {
                DiskFile.create(Path.of("/var/tmp"), "check", 1 << 20).close();
                return "";
            } catch (IOException e) {
                return String.valueOf(e.getMessage());
            }
        }
    }

    static final List<Kind> KINDS = List.of(
            new Kind(Schedule.STOP_AND_MOVE, Mechanism.STREAM),
            new Kind(Schedule.STOP_AND_MOVE, Mechanism.PULL),
            new Kind(Schedule.STOP_AND_MOVE, Mechanism.GIFT),
            new Kind(Schedule.STOP_AND_MOVE, Mechanism.FUSE),
            new Kind(Schedule.PRECOPY, Mechanism.STREAM),
            new Kind(Schedule.HANDOVER, Mechanism.FLIP),
            new Kind(Schedule.POSTCOPY, Mechanism.FLIP),
            new Kind(Schedule.POSTCOPY, Mechanism.PULL));

    private DamagedSession() {}

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

    /** Its beginning, of one byte at least: frames are left out elsewhere. */
    private static byte[] cut(byte[] frame, Random random) {
        ByteArrayOutputStream part = new ByteArrayOutputStream();
        part.write(frame, 0, frame.length == 1 ? 1 : random.nextInt(1, frame.length));
        return part.toByteArray();
    }
}
