package io.pageflip.destination;

import io.pageflip.ledger.PageLedger;
import io.pageflip.receive.PostcopyPullReceiver;
import io.pageflip.receive.ReceivePlan;
import io.pageflip.wire.FrameHeader;
import io.pageflip.wire.FrameType;
import io.pageflip.wire.ProtocolException;
import java.io.IOException;

/**
 * A postcopy of pulled pages: only the guest's state crosses in the switchover. After that, the destination copies a
 * page out of the source's memory when the guest touches it, or in the background. So the source is needed until the
 * last page is here: if it dies before, the guest is lost.
 */
final class PullPostcopy extends DestinationSchedule {
    private Remainder remainder = Remainder.NOTHING;

    PullPostcopy(IncomingMigration migration) {
        this(migration, migration.ledger(true));
    }

    private PullPostcopy(IncomingMigration migration, PageLedger ledger) {
        super(migration, ledger, plan(migration, ledger));
    }

    private static ReceivePlan plan(IncomingMigration migration, PageLedger ledger) {
        return new ReceivePlan(ledger)
                .with(
                        FrameType.POSTCOPY,
                        new PostcopyPullReceiver(migration.memory().blocks(), ledger));
    }

    @Override
    void prepare() throws IOException {
        migration.warmup().postcopyPulls();
        migration.warmUpSwitchover();
        pages.receiveUntilPrepare(this::receiveEarly);
        if (pages.ends() == 0) {
            throw new ProtocolException("a handover whose pages have not ended before PREPARE");
        }
        readiness.prepared();
        remainder = PulledPages.serveFaults(migration, ledger);
        incoming.needSource();
        incoming.begin(); // so vCPU 0 is awake and waiting when the source receives READY
        readiness.say();
    }

    private void receiveEarly(FrameHeader header) throws IOException {
        if (header.type() == FrameType.END) {
            pages.end();
        } else {
            pages.receiveLater(header);
        }
    }

    @Override
    void takeOver() throws IOException {
        incoming.await(pages.ends(), pages);
    }

    @Override
    Remainder remainder() {
        return remainder;
    }
}
