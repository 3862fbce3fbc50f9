package io.pageflip.receive;

import static org.assertj.core.api.Assertions.assertThat;

import io.pageflip.channel.InactivityTimeout;
import io.pageflip.channel.StreamEnds;
import io.pageflip.channel.StreamReader;
import io.pageflip.channel.StreamWriter;
import io.pageflip.ledger.Frames;
import io.pageflip.ledger.PageLedger;
import io.pageflip.metrics.CopyReason;
import io.pageflip.metrics.PageCounts;
import io.pageflip.os.MemFd;
import io.pageflip.os.NanoClock;
import io.pageflip.os.Proc;
import io.pageflip.os.ProcessMemory;
import io.pageflip.os.Userfaultfd;
import io.pageflip.ram.Backing;
import io.pageflip.ram.BlockSpec;
import io.pageflip.ram.DataMap;
import io.pageflip.ram.RamBlock;
import io.pageflip.request.ChannelKind;
import io.pageflip.request.Mechanism;
import io.pageflip.request.Schedule;
import io.pageflip.send.SendPlan;
import io.pageflip.testkit.Waiting;
import io.pageflip.wire.FrameHeader;
import io.pageflip.wire.FrameType;
import io.pageflip.wire.Message;
import io.pageflip.wire.MessageCodec;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Each mechanism from the source's RAM to the destination's, within this process: sender, stream and receiver. */
final class MechanismsIT {
    /** Whole pages; odd length; private memory of odd length. */
    private static final List<BlockSpec> SPECS = List.of(
            TestMemory.spec("even", 700 * 4096, Backing.MEMFD),
            TestMemory.spec("odd", 40 * 4096 + 1000, Backing.MEMFD),
            TestMemory.spec("private", 24 * 4096, Backing.ANONYMOUS),
            TestMemory.spec("rom", 9 * 4096 + 512, Backing.ANONYMOUS));

    private static final int EVEN = 0;
    private static final int ODD = 1;
    private static final int PRIVATE = 2;
    private static final int ROM = 3;

    private final Deque<AutoCloseable> owned = new ArrayDeque<>();
    private final List<RamBlock> source = new ArrayList<>();
    private final List<RamBlock> destination = new ArrayList<>();
    private final PageLedger ledger = new PageLedger(SPECS, false);
    private long transferredBytes;

    @AfterEach
    void close() throws Exception {
        while (!owned.isEmpty()) {
            owned.pop().close();
        }
    }

    private <T extends AutoCloseable> T own(T made) {
        owned.push(made);
        return made;
    }

    static List<Arguments> runs() {
        List<Arguments> runs = new ArrayList<>();
        for (Mechanism mechanism : Mechanism.values()) {
            for (int batch : new int[] {1, 7, 512}) {
                runs.add(Arguments.of(mechanism, batch, ChannelKind.UNIX));
            }
            runs.add(Arguments.of(mechanism, 64, ChannelKind.PIPE));
        }
        return runs;
    }

    @ParameterizedTest
    @MethodSource("runs")
    void everyPageArrivesAndIsCountedOnce(Mechanism mechanism, int batch, ChannelKind channel) throws Exception {
        createSource();
        Frames frames = new Frames(own(Frames.createFile(SPECS)), SPECS);
        long relocatedBefore = Proc.relocatedPages();
        boolean visible = frames.record(source);
        Userfaultfd userfaultfd = createDestination(mechanism == Mechanism.FLIP);
        transfer(mechanism, true, true, batch, channel, userfaultfd);
        if (mechanism == Mechanism.GIFT) {
            for (int i = 0; i < SPECS.size(); i++) {
                ledger.decideGifted(i, 0); // whether the kernel moves them is for other tests
            }
        }
        assertThat(counts()).isEqualTo(expected(mechanism));
        assertThat(counts()).allMatch(PageCounts::addsUp);
        if (userfaultfd != null) {
            if (visible) {
                Frames.Comparison even = frames.compare(EVEN, destination.get(EVEN), ledger.moved(EVEN));
                assertThat(even.compared()).isEqualTo(ledger.moved(EVEN).cardinality());
                if (Proc.relocatedPages() == relocatedBefore) {
                    assertThat(even.same())
                            .as("pages in the source's own frames")
                            .isEqualTo(even.compared());
                }
            }
            unregister(userfaultfd);
        }
        assertContent();
    }

    @Test
    void pagesThatAreNotGiftedAreCopied() throws Exception {
        createSource();
        createDestination(false);
        transfer(Mechanism.FLIP, false, true, 64, ChannelKind.UNIX, null);
        assertThat(ledger.counts(EVEN)).isEqualTo(copied(EVEN, Map.of("not-gifted", TestMemory.countData(700))));
        assertThat(ledger.counts(ODD))
                .isEqualTo(copied(ODD, Map.of("not-gifted", TestMemory.countData(40), "not-page-sized", 1L)));
        assertContent();
    }

    @Test
    void flipsThatAreNotAskedForAreCopiedOutOfTheSourcesFile() throws Exception {
        createSource();
        createDestination(false);
        transfer(Mechanism.FLIP, true, false, 64, ChannelKind.UNIX, null);
        long present = 700 - TestMemory.countHoles(700);
        assertThat(ledger.counts(EVEN))
                .isEqualTo(new PageCounts(700, 0, present, 700 - present, Map.of("move-not-requested", present)));
        assertContent();
    }

    @ParameterizedTest
    @org.junit.jupiter.params.provider.CsvSource({
        "false, true, not-gifted",
        "true, false, move-not-requested",
        "false, false, not-gifted"
    })
    void splicedPagesThatMayNotBeMovedAreCounted(boolean gifts, boolean moves, String reason) throws Exception {
        createSource();
        createDestination(false);
        transfer(Mechanism.GIFT, gifts, moves, 64, ChannelKind.UNIX, null);
        assertThat(ledger.counts(EVEN)).isEqualTo(copied(EVEN, Map.of(reason, TestMemory.countData(700))));
        assertThat(ledger.counts(PRIVATE)).isEqualTo(copied(PRIVATE, Map.of(reason, TestMemory.countData(24))));
        assertThat(ledger.undecided(EVEN).cardinality()).isZero();
        assertContent();
    }

    @Test
    void flippedPagesCrossNoChannel() throws Exception {
        createSource();
        Userfaultfd userfaultfd = createDestination(true);
        transfer(Mechanism.FLIP, true, true, 512, ChannelKind.UNIX, userfaultfd);
        long copied = (ledger.counts(PRIVATE).copied() + ledger.counts(ROM).copied() + 1) * 4096;
        assertThat(transferredBytes).isLessThan(copied + 16_384);
        unregister(userfaultfd);
    }

    private void createSource() throws IOException {
        for (BlockSpec spec : SPECS) {
            source.add(own(TestMemory.create(spec)));
        }
    }

    private @Nullable Userfaultfd createDestination(boolean flips) throws IOException {
        Userfaultfd userfaultfd = flips ? own(Userfaultfd.open(Userfaultfd.FEATURE_MINOR_SHMEM)) : null;
        for (RamBlock block : source) {
            if (userfaultfd != null && block.file() != null) {
                RamBlock shared = own(TestMemory.attach(block));
                userfaultfd.registerMinor(shared.mapping());
                destination.add(shared);
            } else {
                destination.add(own(RamBlock.create(block.spec())));
            }
        }
        return userfaultfd;
    }

    private void unregister(Userfaultfd userfaultfd) throws IOException {
        for (RamBlock block : destination) {
            if (block.file() != null) {
                userfaultfd.unregister(block.mapping());
            }
        }
    }

    private void transfer(
            Mechanism mechanism,
            boolean gifts,
            boolean moves,
            int batch,
            ChannelKind channel,
            @Nullable Userfaultfd userfaultfd)
            throws Exception {
        StreamEnds stream = own(StreamEnds.open(channel));
        boolean pagePipe = mechanism == Mechanism.GIFT && channel == ChannelKind.UNIX;
        StreamEnds pages = pagePipe ? own(StreamEnds.open(ChannelKind.PIPE)) : stream;
        StreamWriter writer = new StreamWriter(stream.write(), pages.write(), timeout());
        boolean exact = mechanism == Mechanism.GIFT && !pagePipe;
        StreamReader reader = new StreamReader(stream.read(), pages.read(), exact, timeout());
        ReceivePlan plan = plan(mechanism, gifts, moves, userfaultfd, reader);
        FutureTask<Void> sending = new FutureTask<>(() -> {
            send(new SendPlan(mechanism, Schedule.STOP_AND_MOVE, gifts, writer), writer, batch);
            return null;
        });
        new Thread(sending, "source").start();
        FrameHeader header = reader.next();
        while (header.type() != FrameType.END) {
            plan.receive(header, reader.body());
            header = reader.next();
        }
        ledger.close(((Message.End) MessageCodec.decode(header.type(), reader.body())).holes());
        sending.get(Waiting.LIMIT_MS, TimeUnit.MILLISECONDS);
        transferredBytes = writer.transferredBytes();
    }

    private static InactivityTimeout timeout() {
        InactivityTimeout timeout = new InactivityTimeout(NanoClock.SYSTEM, () -> {});
        timeout.limitSeconds(Waiting.LIMIT.toSeconds());
        return timeout;
    }

    private void send(SendPlan plan, StreamWriter writer, int batch) throws IOException {
        List<Long> holes = new ArrayList<>();
        for (int i = 0; i < source.size(); i++) {
            DataMap map = DataMap.scan(source.get(i));
            long[] told = {0};
            plan.sendBlock(i, source.get(i), map, batch, count -> {
                assertThat(count).isBetween(1, batch);
                told[0] += count;
            });
            assertThat(told[0]).isEqualTo(map.pages().cardinality());
            holes.add(map.holes());
        }
        writer.write(MessageCodec.encode(new Message.End(holes, new Message.SourceFigures(0, 0, 0, false, 0))));
    }

    private ReceivePlan plan(
            Mechanism mechanism, boolean gifts, boolean moves, @Nullable Userfaultfd userfaultfd, StreamReader reader) {
        CopyReason knownCopyReason = !gifts ? CopyReason.NOT_GIFTED : moves ? null : CopyReason.MOVE_NOT_REQUESTED;
        List<MemFd> files = new ArrayList<>();
        source.forEach(block -> files.add(block.file()));
        List<Long> addresses =
                source.stream().map(block -> block.mapping().address()).toList();
        ReceivePlan plan = new ReceivePlan(ledger)
                .with(FrameType.BYTES, new BytesReceiver(destination, reader, ledger, userfaultfd))
                .with(FrameType.ZERO, new ZeroReceiver(destination, ledger));
        return switch (mechanism) {
            case FLIP ->
                plan.with(
                        FrameType.GIFT,
                        userfaultfd != null
                                ? new FlipReceiver(destination, userfaultfd, ledger)
                                : new FileCopyReceiver(destination, files, ledger));
            case GIFT -> plan.with(FrameType.SPLICE, new SpliceReceiver(destination, reader, ledger, knownCopyReason));
            case PULL ->
                plan.with(
                        FrameType.PULL,
                        new PullReceiver(destination, addresses, new ProcessMemory(Proc.pid()), ledger));
            case FUSE -> plan.with(FrameType.FUSE, new FuseReceiver(destination, ledger, knownCopyReason));
            case STREAM -> plan;
        };
    }

    private List<PageCounts> counts() {
        List<PageCounts> counts = new ArrayList<>();
        for (int i = 0; i < SPECS.size(); i++) {
            counts.add(ledger.counts(i));
        }
        return counts;
    }

    private static PageCounts copied(int block, Map<String, Long> reasons) {
        long copied = reasons.values().stream().mapToLong(Long::longValue).sum();
        long pages = SPECS.get(block).pages();
        return new PageCounts(pages, 0, copied, pages - copied, reasons);
    }

    private static List<PageCounts> expected(Mechanism mechanism) {
        List<PageCounts> expected = new ArrayList<>();
        for (int i = 0; i < SPECS.size(); i++) {
            BlockSpec spec = SPECS.get(i);
            boolean odd = spec.wholePages() < spec.pages();
            Map<String, Long> reasons = new TreeMap<>();
            if (mechanism == Mechanism.FLIP && spec.backing().shareable()) {
                long moved = spec.wholePages() - TestMemory.countHoles(spec.wholePages());
                long tail = odd ? 1 : 0;
                if (odd) {
                    reasons.put("not-page-sized", 1L);
                }
                expected.add(new PageCounts(spec.pages(), moved, tail, spec.pages() - moved - tail, reasons));
                continue;
            }
            switch (mechanism) {
                case FLIP -> {
                    reasons.put("private-memory", TestMemory.countData(spec.wholePages()));
                    if (odd) {
                        reasons.put("not-page-sized", 1L);
                    }
                }
                case GIFT ->
                    reasons.put(odd ? "not-page-sized" : "kernel-declined", TestMemory.countData(spec.pages()));
                case STREAM, PULL -> reasons.put("mechanism-copies", TestMemory.countData(spec.pages()));
                case FUSE -> { // which copies what lies in no file on a disk
                    String reason = spec.backing().shareable() ? "not-stealable" : "private-memory";
                    reasons.put(reason, TestMemory.countData(spec.wholePages()));
                    if (odd) {
                        reasons.put("not-page-sized", 1L);
                    }
                }
            }
            expected.add(copied(i, reasons));
        }
        return expected;
    }

    private void assertContent() {
        for (RamBlock block : destination) {
            assertThat(TestMemory.firstDifference(block))
                    .as("first difference in %s", block.spec().name())
                    .isEqualTo(-1);
        }
        for (BlockSpec spec : SPECS) {
            boolean odd = spec.wholePages() < spec.pages();
            assertThat(odd && (TestMemory.isHole(spec.wholePages()) || TestMemory.isZero(spec.wholePages())))
                    .as("the part of a page of %s holds data, as these tests assume", spec.name())
                    .isFalse();
        }
    }
}
