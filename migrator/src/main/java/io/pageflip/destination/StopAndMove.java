package io.pageflip.destination;

import io.pageflip.ledger.PageLedger;
import io.pageflip.metrics.Evidence;
import io.pageflip.receive.FuseReceiver;
import io.pageflip.receive.ReceivePlan;
import io.pageflip.request.Mechanism;
import io.pageflip.wire.FrameType;
import io.pageflip.wire.ProtocolException;
import java.io.IOException;

/**
 * Every page crosses while the guest is paused, by any mechanism: the local upgrade of 2013. The destination makes room
 * beforehand for the pages that will be copied.
 */
final class StopAndMove implements DestinationSchedule {
    private final Takeover takeover;
    private final ReceivedPages pages;
    private final MoveEvidence evidence;
    private final Readiness readiness;
    private final IncomingGuest incoming;

    private StopAndMove(Takeover takeover, ReceivedPages pages, MoveEvidence evidence) {
        this.takeover = takeover;
        this.pages = pages;
        this.evidence = evidence;
        this.readiness = new Readiness(takeover);
        this.incoming = new IncomingGuest(takeover);
    }

    static StopAndMove of(Takeover takeover) throws ProtocolException {
        PageLedger ledger = takeover.ledger(false);
        MechanismReceivers receivers = new MechanismReceivers(takeover, ledger);
        if (takeover.hello().mechanism() == Mechanism.FUSE) {
            FuseReceiver fuse = receivers.fuse();
            ReceivePlan plan = receivers.bytes().with(FrameType.FUSE, fuse);
            ReceivedPages pages = new ReceivedPages(takeover, ledger, plan);
            return new StopAndMove(takeover, pages, new FuseEvidence(takeover, pages, fuse));
        }
        ReceivePlan plan = switch (takeover.hello().mechanism()) {
            case FLIP -> receivers.bytes().with(FrameType.GIFT, receivers.flips());
            case GIFT -> receivers.splices();
            case PULL -> receivers.pulls();
            case STREAM, FUSE -> receivers.bytes();
        };
        ReceivedPages pages = new ReceivedPages(takeover, ledger, plan);
        return new StopAndMove(takeover, pages, new FrameEvidence(takeover, pages));
    }

    @Override
    public void prepare() throws IOException {
        if (takeover.hello().mechanism() == Mechanism.FLIP) {
            takeover.warmup().pageLoop();
        }
        takeover.warmUpSwitchover();
        pages.makeRoomUntilPrepare();
        readiness.prepared();
        readiness.say();
    }

    @Override
    public void takeOver() throws IOException {
        pages.expectSoon();
        int ends = pages.receiveUntilEnd();
        takeover.memory().unregister(); // from now on the kernel maps what may be missing: the same frames
        evidence.pagesAreHere();
        incoming.begin();
        incoming.await(ends, pages);
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
        return evidence.judge();
    }
}
