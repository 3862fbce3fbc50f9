package io.pageflip.destination;

import io.pageflip.channel.StreamReader;
import io.pageflip.ledger.PageLedger;
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
 * The pages that the migration stream brings: hands each frame to its receiver, and accounts for it in the ledger, the
 * timeline and the progress. Used by the agent's thread.
 */
final class ReceivedPages implements IncomingGuest.MorePages {
    private static final long SPIN_NS = 200_000;

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

    /** @param plan of the same ledger: which frames may come */
    ReceivedPages(Takeover takeover, PageLedger ledger, ReceivePlan plan) {
        this.link = takeover.link();
        this.stream = link.stream();
        this.memory = takeover.memory();
        this.ledger = ledger;
        this.plan = plan;
        this.timeline = takeover.timeline();
        this.progress = takeover.context().progress();
        this.clock = takeover.context().clock();
        long total = takeover.hello().guest().blocks().stream()
                .mapToLong(block -> block.pages())
                .sum();
        this.steps = new PageSteps(total, takeover.context()::reached);
    }

    /** Receives a frame that comes before PREPARE, other than EXPECT. */
    @FunctionalInterface
    interface EarlyFrames {
        void receive(FrameHeader header) throws IOException;
    }

    /** While the guest runs at the source: makes room for the pages that it expects to send. No page may come yet. */
    void makeRoomUntilPrepare() throws IOException {
        receiveUntilPrepare(header -> {
            throw new ProtocolException("a " + header.type() + " frame before PREPARE");
        });
    }

    /** As {@link #makeRoomUntilPrepare}, where other frames may come as well. */
    void receiveUntilPrepare(EarlyFrames others) throws IOException {
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
    }

    private void makeRoom(FrameHeader header) throws IOException {
        if (link.hello().populate()) {
            plan.expect(header, stream.body(), memory::makeRoom);
        }
    }

    /**
     * Receives frames of pages up to the next END, and that.
     *
     * @return END frames that have come by now
     */
    @Override
    public int receiveUntilEnd() throws IOException {
        FrameHeader header = next();
        while (header.type() != FrameType.END) {
            receive(header);
            link.check();
            header = next();
        }
        return end();
    }

    /** The source is about to pause the guest: who waits for its pages spins before it sleeps. */
    void expectSoon() {
        stream.expectSoon(IncomingGuest.SPIN_FIRST_NS, SPIN_NS);
    }

    /** The next frame, for {@link #receive}, {@link #receiveLater} or {@link #end}. */
    FrameHeader next() throws IOException {
        return stream.next();
    }

    /** Receives the pages of a frame. */
    void receive(FrameHeader header) throws IOException {
        if (timeline.firstPageNs == 0) {
            timeline.firstPageNs = clock.nanoTime();
            progress.begin(Progress.Phase.PAGES, steps.total());
        }
        ByteBuffer records = stream.body();
        progress.done(steps.add(plan.receive(header, records)));
        // A frame holds records of one block; they have been checked.
        timeline.blockDone(PageRecord.block(records, records.position()), clock.nanoTime());
    }

    /** Enters the pages of a frame, none of which comes before the switchover. */
    void receiveLater(FrameHeader header) throws IOException {
        plan.receive(header, stream.body());
    }

    /**
     * The frame at hand is an END: every page has been received, entered, or is a hole.
     *
     * @return END frames that have come by now
     */
    int end() throws IOException {
        Message.End end = (Message.End) MessageCodec.decode(FrameType.END, stream.body());
        markEnd();
        ledger.close(end.holes());
        figures = end.figures();
        ends++;
        return ends;
    }

    /** The pages are done now, and not before: what had to be done for them after the END counts as well. */
    void markEnd() {
        timeline.pagesDoneNs = clock.nanoTime();
    }

    /** END frames that have come. */
    int ends() {
        return ends;
    }

    PageLedger ledger() {
        return ledger;
    }

    /** What only the source could measure, as of the last END. */
    Message.SourceFigures figures() {
        if (figures == null) {
            throw new IllegalStateException("no END has come");
        }
        return figures;
    }
}
