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
 * Shared pages are flipped: both agents map them until the source drops its page table entries. Private pages are
 * copied, and again if the guest has written them since.
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
        takeover.memory().unregister(); // from now on the kernel maps a page that may be missing: in the same frame
        readiness.prepared();
        incoming.begin(); // so vCPU 0 is awake and waiting when the source receives READY
        readiness.say();
    }

    @Override
    void takeOver() throws IOException {
        incoming.await(pages.ends(), earlyPages);
    }
}
