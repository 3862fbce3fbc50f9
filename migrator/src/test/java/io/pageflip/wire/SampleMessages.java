package io.pageflip.wire;

import io.pageflip.guest.GuestConfig;
import io.pageflip.guest.Workload;
import io.pageflip.metrics.PeerText;
import io.pageflip.ram.Backing;
import io.pageflip.ram.BlockSpec;
import io.pageflip.request.Mechanism;
import io.pageflip.request.Schedule;
import io.pageflip.scenario.RamConditions;
import io.pageflip.scenario.Scenario;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/** Messages for tests: one of each type that never changes, and as many as one likes out of a seed. */
final class SampleMessages {
    private SampleMessages() {}

    /** One of each type; {@code frames-v7.txt} has their bytes. */
    static List<Message> fixed() {
        GuestConfig guest = new GuestConfig(16 << 20, Backing.MEMFD, 2, Workload.HOTSET, 5000, 10, 70, 42);
        List<BlockSpec> specs = guest.blocks();
        Message.Hello hello = new Message.Hello(
                Message.Hello.VERSION,
                4711,
                1,
                Mechanism.FLIP,
                Schedule.STOP_AND_MOVE,
                true,
                true,
                false,
                guest,
                new Scenario(5, RamConditions.PLAIN),
                file(5, 0x1001),
                file(6, 0x1002),
                file(7, 0x1003),
                file(8, 0x1004),
                List.of(
                        new Message.Hello.Block(specs.get(0), 0x7f0000000000L, file(9, 0x1005)),
                        new Message.Hello.Block(specs.get(1), 0x7f0001000000L, file(10, 0x1006)),
                        new Message.Hello.Block(specs.get(2), 0x7f0002000000L, null)));
        return List.of(
                hello,
                new Message.Ready(0x123456000L),
                new Message.End(List.of(5L, 0L, 64L), new Message.SourceFigures(100, 0, 4096, true, 9)),
                new Message.Resumed(2),
                new Message.Completed(4096, "{\"status\":\"completed\"}"),
                new Message.Failed("no room"),
                new Message.Cancel("cancelled \u2013 by the user"),
                new Message.Recover(2));
    }

    private static Message.Hello.File file(int descriptor, long inode) {
        return new Message.Hello.File(descriptor, inode);
    }

    /** A message of that type, valid, and else as the random numbers want it. */
    static Message random(FrameType type, Random random) {
        return switch (type) {
            case HELLO -> hello(random);
            case READY -> new Message.Ready(random.nextLong());
            case END ->
                new Message.End(
                        random.longs(random.nextInt(1, 17), 0, Long.MAX_VALUE)
                                .boxed()
                                .toList(),
                        new Message.SourceFigures(
                                random.nextLong(),
                                random.nextLong(),
                                random.nextLong(),
                                random.nextBoolean(),
                                random.nextLong()));
            case RESUMED -> new Message.Resumed(random.nextInt());
            case COMPLETED -> new Message.Completed(random.nextLong(), text(random, 2000));
            case FAILED -> new Message.Failed(text(random, 500));
            case CANCEL -> new Message.Cancel(text(random, 500));
            case RECOVER -> new Message.Recover(random.nextInt());
            case EXPECT, PREPARE, ROUND, MAP, GIFT, BYTES, SPLICE, PULL, ZERO, FUSE, POSTCOPY ->
                throw new IllegalArgumentException(type + " is no message");
        };
    }

    private static Message.Hello hello(Random random) {
        Backing backing = pick(random, Backing.values());
        int fill = random.nextBoolean() ? 100 : random.nextInt(0, 101);
        RamConditions conditions = RamConditions.PLAIN;
        if (random.nextBoolean() && fill == 100 && backing == Backing.ANONYMOUS) {
            conditions = new RamConditions(random.nextInt(0, 34), random.nextInt(0, 34), random.nextInt(0, 33), 0, 0);
        } else if (random.nextBoolean() && fill == 100 && backing == Backing.MEMFD) {
            conditions = new RamConditions(0, 0, 0, random.nextInt(0, 51), random.nextInt(0, 51));
        }
        GuestConfig guest = new GuestConfig(
                random.nextLong(1, BlockSpec.MAX_LENGTH + 1),
                backing,
                random.nextInt(1, 64),
                pick(random, Workload.values()),
                random.nextLong(0, Long.MAX_VALUE),
                random.nextInt(1, 101),
                fill,
                random.nextLong());
        Scenario scenario = new Scenario(random.nextBoolean() ? 0 : random.nextInt(0, 101), conditions);
        List<Message.Hello.Block> blocks = new ArrayList<>();
        for (BlockSpec spec : guest.blocks()) {
            blocks.add(new Message.Hello.Block(
                    spec, random.nextLong(), spec.backing() == Backing.ANONYMOUS ? null : randomFile(random)));
        }
        return new Message.Hello(
                Message.Hello.VERSION,
                random.nextInt(),
                random.nextInt(),
                pick(random, Mechanism.values()),
                pick(random, Schedule.values()),
                random.nextBoolean(),
                random.nextBoolean(),
                random.nextBoolean(),
                guest,
                scenario,
                randomFile(random),
                randomFile(random),
                randomFile(random),
                randomFile(random),
                blocks);
    }

    private static Message.Hello.File randomFile(Random random) {
        return file(random.nextInt(), random.nextLong());
    }

    private static String text(Random random, int most) {
        StringBuilder text = new StringBuilder();
        int length = random.nextInt(most + 1);
        for (int i = 0; i < length; i++) {
            text.append((char) random.nextInt(0x20, 0xd800));
        }
        return PeerText.printable(text.toString());
    }

    private static <T> T pick(Random random, T[] values) {
        return values[random.nextInt(values.length)];
    }
}
