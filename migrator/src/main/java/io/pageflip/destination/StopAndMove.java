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
    private StopAndMove(Takeover takeover, PageLedger ledger, ReceivePlan plan, @Nullable FuseReceiver fuse) {
        super(takeover, ledger, plan);
        this.evidence = fuse == null ? new FrameEvidence(takeover, pages) : new FuseEvidence(takeover, pages, fuse);
    }

    static StopAndMove of(Takeover takeover) throws ProtocolException {
        PageLedger ledger = takeover.ledger(false);
        MechanismReceivers receivers = new MechanismReceivers(takeover, ledger);
        FuseReceiver fuse = takeover.hello().mechanism() == Mechanism.FUSE ? receivers.fuse() : null;
        ReceivePlan plan = switch (takeover.hello().mechanism()) {
            case FLIP -> receivers.bytes().with(FrameType.GIFT, receivers.flips());
            case FUSE -> receivers.bytes().with(FrameType.FUSE, Objects.requireNonNull(fuse));
            case GIFT -> receivers.splices();
            case PULL -> receivers.pulls();
            case STREAM -> receivers.bytes();
        };
        return new StopAndMove(takeover, ledger, plan, fuse);
    }

    @Override
    void prepare() throws IOException {
        if (takeover.hello().mechanism() == Mechanism.FLIP) {
            takeover.warmup().pageLoop();
        }
        takeover.warmUpSwitchover();
        pages.makeRoomUntilPrepare();
        readiness.prepared();
        readiness.say();
    }

    @Override
    void takeOver() throws IOException {
        pages.expectSoon();
        int ends = pages.receiveUntilEnd();
        takeover.memory().unregister(); // from now on the kernel maps a page that may be missing: in the same frame
        evidence.pagesAreHere();
        incoming.begin();
        incoming.await(ends, pages);
    }

    @Override
    Evidence evidence() throws IOException {
        return evidence.judge();
    }
}
