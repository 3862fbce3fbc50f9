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

    FlipPostcopy(IncomingMigration migration) {
        this(migration, migration.ledger(true));
    }

    private FlipPostcopy(IncomingMigration migration, PageLedger ledger) {
        super(migration, ledger, plan(migration, ledger));
        this.earlyPages = new EarlyPages(pages, migration.memory().token().page());
    }

    private static ReceivePlan plan(IncomingMigration migration, PageLedger ledger) {
        DestinationMemory memory = migration.memory();
        return new ReceivePlan(ledger)
                .with(
                        FrameType.MAP,
                        new PostcopyFlipReceiver(migration.hello().guest().blocks(), ledger))
                .with(
                        FrameType.BYTES,
                        new BytesReceiver(memory.blocks(), migration.stream(), ledger, memory.requireUserfaultfd()))
                .with(FrameType.ZERO, new ZeroReceiver(memory.blocks(), ledger));
    }

    @Override
    void prepare() throws IOException {
        migration.warmup().postcopyFlips();
        migration.warmUpSwitchover();
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
        DestinationMemory memory = migration.memory();
        Userfaultfd userfaultfd = memory.requireUserfaultfd();
        List<PostcopyPages> shared = new ArrayList<>();
        for (int i = 0; i < memory.blocks().size(); i++) {
            RamBlock block = memory.blocks().get(i);
            if (block.file() != null) {
                shared.add(FlipMapper.pages(block, ledger.postcopyPages(i), userfaultfd));
            }
        }
        List<FaultLog> logs = migration.guest().logFaults();
        Postcopy postcopy = memory.own(Postcopy.serve(
                shared,
                userfaultfd,
                logs,
                migration.request().postcopySettings(),
                migration.context().clock()));
        RemainingPagesWait wait = new FlippedPagesWait(postcopy, VcpuWatch.of(migration.guest()));
        remainder = new PostcopyRemainder(migration, ledger, postcopy, logs, wait);
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
