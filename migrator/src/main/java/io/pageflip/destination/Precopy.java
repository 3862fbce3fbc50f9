package io.pageflip.destination;

import io.pageflip.ledger.PageLedger;
import io.pageflip.receive.PostcopyPullReceiver;
import io.pageflip.receive.ReceivePlan;
import io.pageflip.request.Mechanism;
import io.pageflip.scenario.Step;
import io.pageflip.wire.FrameHeader;
import io.pageflip.wire.FrameType;
import io.pageflip.wire.ProtocolException;
import java.io.IOException;

/**
 * Pages are copied while the guest runs at the source: first all, then, in rounds, those that the guest has written
 * since. The destination acknowledges each round. The rest comes while the guest is paused. If the rounds do not
 * converge, and pages can be pulled, the source may announce the rest instead: the destination copies it after the
 * switchover, as in a {@link PullPostcopy}.
 */
final class Precopy extends DestinationSchedule {
    private Remainder remainder = Remainder.NOTHING;
    private int rounds;

    Precopy(IncomingMigration migration) throws ProtocolException {
        this(migration, migration.ledger(true));
    }

    private Precopy(IncomingMigration migration, PageLedger ledger) throws ProtocolException {
        super(migration, ledger, plan(migration, ledger));
    }

    private static ReceivePlan plan(IncomingMigration migration, PageLedger ledger) throws ProtocolException {
        MechanismReceivers receivers = new MechanismReceivers(migration, ledger);
        return switch (migration.hello().mechanism()) {
            case STREAM -> receivers.bytes();
            case GIFT -> receivers.splices();
            case PULL ->
                receivers
                        .pulls()
                        .with(
                                FrameType.POSTCOPY,
                                new PostcopyPullReceiver(migration.memory().blocks(), ledger));
            case FLIP, FUSE -> throw new ProtocolException("a precopy of pages that are flipped, not copied");
        };
    }

    @Override
    void prepare() throws IOException {
        if (migration.hello().mechanism() == Mechanism.PULL) {
            migration.warmup().postcopyPulls(); // it may end in a postcopy
        }
        migration.warmUpSwitchover();
        pages.makeRoomUntilPrepare();
        readiness.prepared();
        readiness.say();
    }

    @Override
    void takeOver() throws IOException {
        pages.expectSoon();
        receiveRoundsAndRest();
        incoming.begin();
        incoming.await(pages.ends(), pages);
    }

    private void receiveRoundsAndRest() throws IOException {
        FrameHeader header = pages.next();
        while (header.type() != FrameType.END) {
            if (header.type() == FrameType.ROUND) {
                endRound();
            } else if (header.type() == FrameType.POSTCOPY) {
                pages.receiveLater(header);
            } else {
                pages.receive(header);
            }
            migration.link().check();
            header = pages.next();
        }
        pages.end();
        serveFaultsOfNamedPages();
    }

    /** Called when everything that the source has sent so far is here. The guest still runs there. */
    private void endRound() throws IOException {
        rounds++;
        serveFaultsOfNamedPages(); // once the source has announced postcopy pages, rounds bring no more pages
        if (rounds == 1) {
            migration.context().reached(Step.ROUND);
        }
        migration.memory().token().page().setRoundsReceived(rounds);
    }

    private void serveFaultsOfNamedPages() throws IOException {
        if (remainder == Remainder.NOTHING && ledger.hasPostcopyPages()) {
            remainder = PulledPages.serveFaults(migration, ledger);
            incoming.needSource();
        }
    }

    @Override
    Remainder remainder() {
        return remainder;
    }
}
