package io.pageflip.warmup;

import io.pageflip.channel.InactivityTimeout;
import io.pageflip.channel.StreamReader;
import io.pageflip.channel.StreamWriter;
import io.pageflip.ledger.PageLedger;
import io.pageflip.memory.BasePage;
import io.pageflip.memory.PageRange;
import io.pageflip.os.Fd;
import io.pageflip.os.NanoClock;
import io.pageflip.os.UnixSocket;
import io.pageflip.os.Userfaultfd;
import io.pageflip.ram.Backing;
import io.pageflip.ram.BlockSpec;
import io.pageflip.ram.DataMap;
import io.pageflip.ram.RamBlock;
import io.pageflip.receive.ReceivePlan;
import io.pageflip.request.Mechanism;
import io.pageflip.request.Schedule;
import io.pageflip.send.SendPlan;
import io.pageflip.wire.FrameHeader;
import io.pageflip.wire.Message;
import io.pageflip.wire.MessageCodec;
import java.io.IOException;
import java.util.List;

/**
 * Runs both halves of a flip, and the messages around it, on scratch pages. On the machine where this was tried, the
 * first flip of a fresh JVM took some 20 ms more without it.
 */
final class PageLoopWarmup {
    /**
     * Number of scratch pages. Their records, one for each page, must fit into the socket's buffer, because nobody
     * reads while they are written.
     */
    private static final int PAGES = 512;

    /** Half of the rounds send page by page, which is enough to have that code compiled. */
    private static final int ROUNDS = 8;

    private PageLoopWarmup() {}

    static void run(NanoClock clock) throws IOException {
        List<BlockSpec> specs = List.of(
                new BlockSpec("flipped", (long) PAGES * BasePage.BYTES, Backing.MEMFD),
                new BlockSpec("copied", BasePage.BYTES / 2, Backing.ANONYMOUS));
        List<Fd> sockets = UnixSocket.pair();
        InactivityTimeout timeout = new InactivityTimeout(clock, () -> {});
        try (StreamWriter writer = new StreamWriter(sockets.get(0), sockets.get(0), timeout);
                StreamReader reader = new StreamReader(sockets.get(1), sockets.get(1), false, timeout);
                Userfaultfd here = Userfaultfd.open(Userfaultfd.FEATURE_MINOR_SHMEM);
                Userfaultfd there = Userfaultfd.open(Userfaultfd.FEATURE_MINOR_SHMEM);
                RamBlock flipped = RamBlock.create(specs.get(0));
                RamBlock moved = RamBlock.attach(specs.get(0), flipped.requireFile());
                RamBlock copied = RamBlock.create(specs.get(1));
                RamBlock copy = RamBlock.create(specs.get(1))) {
            flipped.populate(new PageRange(0, PAGES));
            copied.mapping().setLong(0, 1);
            here.registerMinor(flipped.mapping());
            there.registerMinor(moved.mapping());
            for (int round = 0; round < ROUNDS; round++) {
                send(List.of(flipped, copied), round % 2 == 0 ? 1 : PAGES, writer);
                receive(specs, List.of(moved, copy), there, reader);
                moved.mapping().dropEntries(0, moved.mapping().length());
            }
        }
    }

    private static void send(List<RamBlock> blocks, int batch, StreamWriter writer) throws IOException {
        SendPlan plan = new SendPlan(Mechanism.FLIP, Schedule.STOP_AND_MOVE, true, writer);
        for (int i = 0; i < blocks.size(); i++) {
            DataMap map = DataMap.scan(blocks.get(i));
            plan.sendBlock(i, blocks.get(i), map.refresh(blocks.get(i)), batch, pages -> {});
        }
        writer.write(
                MessageCodec.encode(new Message.End(List.of(0L, 0L), new Message.SourceFigures(1, 0, 1, false, 1))));
    }

    private static void receive(
            List<BlockSpec> specs, List<RamBlock> blocks, Userfaultfd userfaultfd, StreamReader reader)
            throws IOException {
        PageLedger ledger = new PageLedger(specs, false);
        ReceivePlan plan = ReceivePlan.ofFlips(blocks, userfaultfd, reader, ledger);
        FrameHeader header = reader.next();
        while (header.type().carriesRecords()) {
            plan.receive(header, reader.body());
            header = reader.next();
        }
        Message.End end = (Message.End) MessageCodec.decode(header.type(), reader.body());
        ledger.close(end.holes());
    }
}
