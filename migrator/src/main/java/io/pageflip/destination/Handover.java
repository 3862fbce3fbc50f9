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

    Handover(IncomingMigration migration) {
        this(migration, migration.ledger(true));
    }

    private Handover(IncomingMigration migration, PageLedger ledger) {
        super(migration, ledger, plan(migration, ledger));
        this.earlyPages = new EarlyPages(pages, migration.memory().token().page());
    }

    private static ReceivePlan plan(IncomingMigration migration, PageLedger ledger) {
        DestinationMemory memory = migration.memory();
        Userfaultfd userfaultfd = memory.requireUserfaultfd();
        return new ReceivePlan(ledger)
                .with(FrameType.MAP, new FlipReceiver(memory.blocks(), userfaultfd, ledger))
                .with(FrameType.BYTES, new BytesReceiver(memory.blocks(), migration.stream(), ledger, userfaultfd))
                .with(FrameType.ZERO, new ZeroReceiver(memory.blocks(), ledger));
    }

    @Override
    void prepare() throws IOException {
        migration.warmUpSwitchover();
        earlyPages.receiveUntilPrepare();
        migration.memory().unregister(); // from now on the kernel maps a page that may be missing: in the same frame
        readiness.prepared();
        incoming.begin(); // so vCPU 0 is awake and waiting when the source receives READY
        readiness.say();
    }

    @Override
    void takeOver() throws IOException {
        incoming.await(pages.ends(), earlyPages);
    }
}
