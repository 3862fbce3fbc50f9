package io.pageflip.destination;

import io.pageflip.ledger.PageLedger;
import io.pageflip.metrics.Evidence;
import io.pageflip.receive.FuseReceiver;
import io.pageflip.receive.ReceivePlan;
import io.pageflip.request.Mechanism;
import io.pageflip.wire.FrameType;
import io.pageflip.wire.ProtocolException;
import java.io.IOException;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Every page crosses while the guest is paused, by any mechanism: the local upgrade of 2013. The destination makes room
 * beforehand for the pages that will be copied.
 */
final class StopAndMove extends DestinationSchedule {
    private final MoveEvidence evidence;

    /** @param fuse receives the pages of a FUSE file; null with the other mechanisms */
    private StopAndMove(IncomingMigration migration, PageLedger ledger, ReceivePlan plan, @Nullable FuseReceiver fuse) {
        super(migration, ledger, plan);
        this.evidence = fuse == null ? new FrameEvidence(migration, pages) : new FuseEvidence(migration, pages, fuse);
    }

    static StopAndMove of(IncomingMigration migration) throws ProtocolException {
        PageLedger ledger = migration.ledger(false);
        MechanismReceivers receivers = new MechanismReceivers(migration, ledger);
        FuseReceiver fuse = migration.hello().mechanism() == Mechanism.FUSE ? receivers.fuse() : null;
        ReceivePlan plan = switch (migration.hello().mechanism()) {
            case FLIP -> receivers.bytes().with(FrameType.GIFT, receivers.flips());
            case FUSE -> receivers.bytes().with(FrameType.FUSE, Objects.requireNonNull(fuse));
            case GIFT -> receivers.splices();
            case PULL -> receivers.pulls();
            case STREAM -> receivers.bytes();
        };
        return new StopAndMove(migration, ledger, plan, fuse);
    }

    @Override
    void prepare() throws IOException {
        if (migration.hello().mechanism() == Mechanism.FLIP) {
            migration.warmup().pageLoop();
        }
        migration.warmUpSwitchover();
        pages.makeRoomUntilPrepare();
        readiness.prepared();
        readiness.say();
    }

    @Override
    void takeOver() throws IOException {
        pages.expectSoon();
        int ends = pages.receiveUntilEnd();
        migration.memory().unregister(); // from now on the kernel maps a page that may be missing: in the same frame
        evidence.pagesAreHere();
        incoming.begin();
        incoming.await(ends, pages);
    }

    @Override
    Evidence evidence() throws IOException {
        return evidence.judge();
    }
}
