package io.pageflip.destination;

import io.pageflip.channel.PeerGoneException;
import io.pageflip.channel.StreamReader;
import io.pageflip.ledger.PageLedger;
import io.pageflip.memory.BasePage;
import io.pageflip.memory.PageRange;
import io.pageflip.metrics.Progress;
import io.pageflip.os.NanoClock;
import io.pageflip.receive.ReceivePlan;
import io.pageflip.scenario.PageSteps;
import io.pageflip.wire.FrameHeader;
import io.pageflip.wire.FrameType;
import io.pageflip.wire.Message;
import io.pageflip.wire.MessageCodec;
import io.pageflip.wire.PageRecord;
import io.pageflip.wire.ProtocolException;
import java.io.IOException;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * Receives the pages of the migration stream: hands each frame to its receiver, and accounts for it in the ledger, the
 * timeline and the progress. Used by the agent's thread.
 */
final class ReceivedPages implements IncomingGuest.MorePages {
    private static final int PREPARE_TIMEOUT_S = 60;
    private static final int PREPARE_TIMEOUT_S_PER_GIB = 60;
    private static final long SPIN_NS = 200_000;
    private static final long ROOM_BYTES = 64 << 20;

    private final SourceLink link;
    private final StreamReader stream;
    private final DestinationMemory memory;
    private final PageLedger ledger;
    private final ReceivePlan plan;
    private final Timeline timeline;
    private final Progress progress;
    private final NanoClock clock;
    private final PageSteps steps;
    private Message.@Nullable SourceFigures figures;
    private int ends;
    private long basePages;

    /** @param plan the receivers of the frames that may come, for the same ledger */
    ReceivedPages(IncomingMigration migration, PageLedger ledger, ReceivePlan plan) {
        this.link = migration.link();
        this.stream = link.stream();
        this.memory = migration.memory();
        this.ledger = ledger;
        this.plan = plan;
        this.timeline = migration.timeline();
        this.progress = migration.context().progress();
        this.clock = migration.context().clock();
        long total = migration.hello().guest().blocks().stream()
                .mapToLong(block -> block.pages())
                .sum();
        this.steps = new PageSteps(total, migration.context()::reached);
    }

    /** Receives a frame that comes before PREPARE, other than EXPECT. */
    @FunctionalInterface
    interface EarlyFrames {
        void receive(FrameHeader header) throws IOException;
    }

    /** Makes room for the pages that the source expects to send, while the guest runs there. No page may come yet. */
    void makeRoomUntilPrepare() throws IOException {
        receiveUntilPrepare(header -> {
            throw new ProtocolException("a " + header.type() + " frame before PREPARE");
        });
    }

    /** As {@link #makeRoomUntilPrepare}, but other frames may come as well. */
    void receiveUntilPrepare(EarlyFrames others) throws IOException {
        // The source fills the guest's memory meanwhile, and may adopt it.
        link.limitPreparation(PREPARE_TIMEOUT_S + (link.hello().guest().ramBytes() >> 30) * PREPARE_TIMEOUT_S_PER_GIB);
        FrameHeader header = stream.next();
        while (header.type() != FrameType.PREPARE) {
            if (header.type() == FrameType.EXPECT) {
                makeRoom(header);
            } else {
                others.receive(header);
            }
            link.check();
            header = stream.next();
        }
        link.limitPreparation(0);
    }

    private void makeRoom(FrameHeader header) throws IOException {
        if (link.hello().populate()) {
            plan.expect(header, stream.body(), this::makeRoom);
        }
    }

    /** Makes room for one part after the other: the agent may be asked to end meanwhile. */
    private void makeRoom(int block, PageRange range) throws IOException {
        long part = ROOM_BYTES / memory.blocks().get(block).spec().pageBytes();
        for (long first = range.first(); first < range.end(); first += part) {
            memory.makeRoom(block, new PageRange(first, Math.min(part, range.end() - first)));
            link.check();
        }
    }

    /**
     * Receives frames of pages, up to and including the next END.
     *
     * @return how many END frames have come by now
     */
    @Override
    public int receiveUntilEnd() throws IOException {
        FrameHeader header = next();
        while (header.type() != FrameType.END) {
            receive(header);
            checkSource();
            header = next();
        }
        return end();
    }

    /**
     * Fails if the source has gone, unless it has saved the guest's state. All that it has sent by then is still to be
     * read, and nothing else is needed: the guest survives its death.
     */
    private void checkSource() throws IOException {
        try {
            link.check();
        } catch (PeerGoneException e) {
            if (!memory.token().page().isSaved(link.hello().ownerEpoch())) {
                throw e;
            }
        }
    }

    /** The source is about to pause the guest: from now on, a wait for its pages may spin before it sleeps. */
    void expectSoon() {
        stream.expectSoon(IncomingGuest.spinFirstNs(link.hello().guest().vcpus()), SPIN_NS);
    }

    /** The next frame, for {@link #receive}, {@link #receiveLater} or {@link #end}. */
    FrameHeader next() throws IOException {
        return stream.next();
    }

    /** Receives the pages of a frame. */
    void receive(FrameHeader header) throws IOException {
        if (timeline.firstPageNs == 0) {
            timeline.firstPageNs = clock.nanoTime();
            progress.begin(Progress.Phase.PAGES, link.hello().guest().totalBytes() / BasePage.BYTES);
        }
        ByteBuffer records = stream.body();
        long startNs = timeline.received.now(clock);
        long pages = plan.receive(header, records);
        long doneNs = clock.nanoTime();
        // A frame holds records of one block; they have been checked.
        int block = PageRecord.block(records, records.position());
        steps.add(pages);
        basePages += pages * memory.blocks().get(block).spec().pageBytes() / BasePage.BYTES;
        progress.done(basePages);
        timeline.blockDone(block, doneNs);
        timeline.received.add(startNs, doneNs, pages);
    }

    /** Enters the pages of a frame that announces postcopy pages: none of them comes before the switchover. */
    void receiveLater(FrameHeader header) throws IOException {
        plan.receive(header, stream.body());
    }

    /**
     * Handles the current frame, which is an END: every page has been received, entered, or is a hole.
     *
     * @return how many END frames have come by now
     */
    int end() throws IOException {
        Message.End end = (Message.End) MessageCodec.decode(FrameType.END, stream.body());
        markEnd();
        ledger.close(end.holes());
        figures = end.figures();
        ends++;
        return ends;
    }

    /** Says that the pages are done only now: work on them after the END counts as well. */
    void markEnd() {
        timeline.pagesDoneNs = clock.nanoTime();
    }

    /** How many END frames have come. */
    int ends() {
        return ends;
    }

    PageLedger ledger() {
        return ledger;
    }

    /** The figures that only the source could measure, from the last END. */
    Message.SourceFigures figures() {
        if (figures == null) {
            throw new IllegalStateException("no END has come");
        }
        return figures;
    }
}
