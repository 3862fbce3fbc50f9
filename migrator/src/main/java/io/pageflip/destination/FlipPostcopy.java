package io.pageflip.destination;

import io.pageflip.ledger.PageLedger;
import io.pageflip.os.Userfaultfd;
import io.pageflip.postcopy.FlipMapper;
import io.pageflip.postcopy.Postcopy;
import io.pageflip.postcopy.PostcopyPages;
import io.pageflip.ram.FaultLog;
import io.pageflip.ram.RamBlock;
import io.pageflip.receive.BytesReceiver;
import io.pageflip.receive.PostcopyFlipReceiver;
import io.pageflip.receive.ReceivePlan;
import io.pageflip.receive.ZeroReceiver;
import io.pageflip.wire.FrameType;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/**
 * A postcopy of flipped pages: the destination learns which shared pages there are while the guest runs at the source,
 * and maps none of them; only the guest's state crosses while it is paused. After the switchover a page is mapped when
 * the guest touches it, or in the background. The pages are in the memfd, so the source is not needed any more. Private
 * pages are copied beforehand, and again if the guest has written them since.
 */
final class FlipPostcopy extends DestinationSchedule {
    private final EarlyPages earlyPages;
    private Remainder remainder = Remainder.NOTHING;

    FlipPostcopy(Takeover takeover) {
        this(takeover, takeover.ledger(true));
    }

    private FlipPostcopy(Takeover takeover, PageLedger ledger) {
        super(takeover, ledger, plan(takeover, ledger));
        this.earlyPages = new EarlyPages(pages, takeover.memory().token().page());
    }

    private static ReceivePlan plan(Takeover takeover, PageLedger ledger) {
        DestinationMemory memory = takeover.memory();
        return new ReceivePlan(ledger)
                .with(
                        FrameType.MAP,
                        new PostcopyFlipReceiver(takeover.hello().guest().blocks(), ledger))
                .with(
                        FrameType.BYTES,
                        new BytesReceiver(memory.blocks(), takeover.stream(), ledger, memory.requireUserfaultfd()))
                .with(FrameType.ZERO, new ZeroReceiver(memory.blocks(), ledger));
    }

    @Override
    void prepare() throws IOException {
        takeover.warmup().postcopyFlips();
        takeover.warmUpSwitchover();
        earlyPages.receiveUntilPrepare();
        readiness.prepared();
        serveFaults();
        incoming.begin(); // so vCPU 0 is awake and waiting when the source receives READY
        readiness.say();
    }

    /**
     * Starts to serve faults, before the guest is resumed: from now on, a thread that touches a page that is not mapped
     * gets it.
     */
    private void serveFaults() throws IOException {
        DestinationMemory memory = takeover.memory();
        Userfaultfd userfaultfd = memory.requireUserfaultfd();
        List<PostcopyPages> shared = new ArrayList<>();
        for (int i = 0; i < memory.blocks().size(); i++) {
            RamBlock block = memory.blocks().get(i);
            if (block.file() != null) {
                shared.add(FlipMapper.pages(block, ledger.postcopyPages(i), userfaultfd));
            }
        }
        List<FaultLog> logs = takeover.guest().logFaults();
        Postcopy postcopy = memory.own(Postcopy.serve(
                shared,
                userfaultfd,
                logs,
                takeover.request().postcopySettings(),
                takeover.context().clock()));
        RemainingPagesWait wait = new FlippedPagesWait(postcopy, VcpuWatch.of(takeover.guest()));
        remainder = new PostcopyRemainder(takeover, ledger, postcopy, logs, wait);
    }

    @Override
    void takeOver() throws IOException {
        incoming.await(pages.ends(), earlyPages);
    }

    @Override
    Remainder remainder() {
        return remainder;
    }
}
