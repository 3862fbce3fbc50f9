package io.pageflip.destination;

import io.pageflip.ledger.PageLedger;
import io.pageflip.os.Userfaultfd;
import io.pageflip.postcopy.Postcopy;
import io.pageflip.postcopy.PostcopyPages;
import io.pageflip.postcopy.PullMapper;
import io.pageflip.postcopy.SourceGate;
import io.pageflip.postcopy.SourcePages;
import io.pageflip.ram.FaultLog;
import io.pageflip.ram.RamBlock;
import io.pageflip.request.PostcopySettings;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** Gets ready for postcopy pages that are copied out of the source's memory. */
final class PulledPages {
    private PulledPages() {}

    /**
     * Starts to serve faults, before the guest is resumed: from now on, a thread that touches a missing page gets it
     * from the source, or gets a page of zeros if the source has announced none there.
     *
     * @param ledger has the pages that the source has announced; the source may announce more until the guest is
     *     resumed
     * @throws io.pageflip.os.HostLacksException if this process may not read the source's memory, or this kernel cannot
     *     trap the touch of a missing page
     */
    static Remainder serveFaults(IncomingMigration migration, PageLedger ledger) throws IOException {
        DestinationMemory memory = migration.memory();
        SourcePages source = memory.own(new SourcePages(
                migration.hello().pid(),
                migration.sourceAddresses(),
                memory.sourceFiles(),
                new SourceGate(migration.link()::isConnected)));
        source.check();
        PostcopySettings settings = migration.request().postcopySettings();
        memory.token().page().setRecoverTimeoutNs(settings.recoverTimeoutNs());
        List<FaultLog> logs = migration.guest().logFaults();
        Userfaultfd userfaultfd = memory.own(PullMapper.openUserfaultfd());
        List<PostcopyPages> blocks = new ArrayList<>();
        for (int i = 0; i < memory.blocks().size(); i++) {
            RamBlock block = memory.blocks().get(i);
            blocks.add(PullMapper.register(block, i, ledger.postcopyPages(i), userfaultfd, source));
        }
        Postcopy postcopy = memory.own(Postcopy.serve(
                blocks, userfaultfd, logs, settings, migration.context().clock()));
        VcpuWatch vcpus = VcpuWatch.of(migration.guest());
        SourceRecovery.Terms terms =
                new SourceRecovery.Terms(migration.ownership().promised(), settings.recoverTimeoutNs());
        SourceRecovery recovery =
                new SourceRecovery(migration.link(), source, postcopy, vcpus, terms, migration.context());
        return new PostcopyRemainder(
                migration, ledger, postcopy, logs, new PulledPagesWait(postcopy, vcpus, recovery, migration.context()));
    }
}
