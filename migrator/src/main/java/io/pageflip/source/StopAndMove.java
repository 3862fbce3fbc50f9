package io.pageflip.source;

import io.pageflip.metrics.SourceSide;
import io.pageflip.ram.DataMap;
import io.pageflip.switchover.OutgoingSwitchover;
import io.pageflip.warmup.ScratchSource;
import java.io.IOException;
import java.util.List;

/**
 * Stop-and-move at the source: pauses the guest, sends every page, and then the guest's state. Works with any
 * mechanism; a {@link MechanismStep} does what only that mechanism needs.
 */
final class StopAndMove implements OutgoingSchedule, OutgoingSwitchover.Moments {
    private final OutgoingMigration migration;
    private final MechanismStep mechanism;
    private List<DataMap> maps = List.of();

    StopAndMove(OutgoingMigration migration, MechanismStep mechanism) {
        this.migration = migration;
        this.mechanism = mechanism;
    }

    @Override
    public ScratchSource scratch() {
        return NothingDue.scratch(migration);
    }

    @Override
    public void prepare() throws IOException {
        maps = migration.scan();
        migration.announce(maps);
        mechanism.prepare();
        migration.noteFrames();
        migration.awaitReady();
    }

    @Override
    public void switchOver() throws IOException {
        OutgoingSwitchover out = migration.switchover(this);
        migration.beginSwitchover();
        migration.limitSwitchover(migration.dataBytes(maps));
        migration.beginPages(); // now: nobody is told of it while the guest is paused
        migration.guest().stop();
        mechanism.paused();
        for (int i = 0; i < maps.size(); i++) {
            maps.set(i, maps.get(i).refresh(migration.blocks().get(i)));
            mechanism.paused(migration.blocks().get(i));
        }
        out.run();
        migration.endSwitchover();
    }

    @Override
    public void dryRun() {
        // The agent's thread pauses the guest and does the switchover: no vCPU has anything to try.
    }

    @Override
    public int paused() throws IOException {
        migration.sendPages(maps);
        migration.context().transition(SourceState.DEVICE, "all pages are sent");
        migration.ends().send(OutgoingMigration.holes(maps));
        return migration.ends().sent();
    }

    @Override
    public void saved() throws IOException {
        NothingDue.saved(migration.context(), migration.lastCheck());
    }

    @Override
    public void awaitResumed() throws IOException {
        migration.awaitResumed();
        migration.measureWhenResumed();
    }

    @Override
    public void letGo() {
        // Moved pages are gone from here, and copied ones end with this process's memory.
    }

    @Override
    public SourceSide report(SourceSide known) {
        return mechanism.report(known);
    }

    @Override
    public void close() {
        mechanism.close();
    }
}
