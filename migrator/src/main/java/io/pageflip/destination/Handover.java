package io.pageflip.destination;

import io.pageflip.ledger.PageLedger;
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
final class Handover extends DestinationSchedule {
    private final EarlyPages earlyPages;

    Handover(Takeover takeover) {
        this(takeover, takeover.ledger(true));
    }

    private Handover(Takeover takeover, PageLedger ledger) {
        super(takeover, ledger, plan(takeover, ledger));
        this.earlyPages = new EarlyPages(pages, takeover.memory().token().page());
    }

    private static ReceivePlan plan(Takeover takeover, PageLedger ledger) {
        DestinationMemory memory = takeover.memory();
        Userfaultfd userfaultfd = memory.requireUserfaultfd();
        return new ReceivePlan(ledger)
                .with(FrameType.MAP, new FlipReceiver(memory.blocks(), userfaultfd, ledger))
                .with(FrameType.BYTES, new BytesReceiver(memory.blocks(), takeover.stream(), ledger, userfaultfd))
                .with(FrameType.ZERO, new ZeroReceiver(memory.blocks(), ledger));
    }

    @Override
    void prepare() throws IOException {
        takeover.warmUpSwitchover();
        earlyPages.receiveUntilPrepare();
        takeover.memory().unregister(); // from now on the kernel maps what may be missing: the same frames
        readiness.prepared();
        incoming.begin(); // vCPU 0 is awake and waits when the source hears that this side is ready
        readiness.say();
    }

    @Override
    void takeOver() throws IOException {
        incoming.await(pages.ends(), earlyPages);
    }
}
