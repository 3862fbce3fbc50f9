package io.pageflip.destination;

import io.pageflip.ledger.PageLedger;
import io.pageflip.metrics.Evidence;
import io.pageflip.os.Userfaultfd;
import io.pageflip.receive.BytesReceiver;
import io.pageflip.receive.FlipReceiver;
import io.pageflip.receive.ReceivePlan;
import io.pageflip.receive.ZeroReceiver;
import io.pageflip.wire.FrameType;
import java.io.IOException;

/**
 * The destination maps every page while the guest still runs at the source; after that only the guest's state crosses.
 * Shared pages are flipped: both agents have them until the source lets its own go. Private pages are copied, and again
 * if the guest has written them since.
 */
final class Handover implements DestinationSchedule {
    private final Takeover takeover;
    private final ReceivedPages pages;
    private final EarlyPages earlyPages;
    private final Readiness readiness;
    private final IncomingGuest incoming;

    Handover(Takeover takeover) {
        this.takeover = takeover;
        DestinationMemory memory = takeover.memory();
        Userfaultfd userfaultfd = memory.requireUserfaultfd();
        PageLedger ledger = takeover.ledger(true);
        ReceivePlan plan = new ReceivePlan(ledger)
                .with(FrameType.MAP, new FlipReceiver(memory.blocks(), userfaultfd, ledger))
                .with(FrameType.BYTES, new BytesReceiver(memory.blocks(), takeover.stream(), ledger, userfaultfd))
                .with(FrameType.ZERO, new ZeroReceiver(memory.blocks(), ledger));
        this.pages = new ReceivedPages(takeover, ledger, plan);
        this.earlyPages = new EarlyPages(pages, memory.token().page());
        this.readiness = new Readiness(takeover);
        this.incoming = new IncomingGuest(takeover);
    }

    @Override
    public void prepare() throws IOException {
        takeover.warmUpSwitchover();
        earlyPages.receiveUntilPrepare();
        takeover.memory().unregister(); // from now on the kernel maps what may be missing: the same frames
        readiness.prepared();
        incoming.begin(); // vCPU 0 is awake and waits when the source hears that this side is ready
        readiness.say();
    }

    @Override
    public void takeOver() throws IOException {
        incoming.await(pages.ends(), earlyPages);
    }

    @Override
    public boolean callOff() {
        return incoming.callOff();
    }

    @Override
    public Remainder remainder() {
        return Remainder.NOTHING;
    }

    @Override
    public ReceivedPages pages() {
        return pages;
    }

    @Override
    public Evidence evidence() throws IOException {
        return new FrameEvidence(takeover, pages).judge();
    }
}
