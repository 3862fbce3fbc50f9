package io.pageflip.source;

import io.pageflip.metrics.SourceSide;
import io.pageflip.ram.DataMap;
import io.pageflip.switchover.OutgoingSwitchover;
import java.io.IOException;
import java.util.List;

/**
 * Stop-and-move at the source: the guest is paused, every page crosses, and then its state. With any mechanism; what
 * one of them needs besides is its {@link MechanismStep}.
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
    public void prepare() throws IOException {
        maps = migration.scan();
        migration.announce(maps);
        mechanism.prepare();
        migration.noteFrames();
        migration.awaitReady((guest, stream) -> NothingDue.scratch(stream, migration));
    }

    @Override
    public void switchOver() throws IOException {
        OutgoingSwitchover out = migration.switchover(this);
        migration.beginSwitchover();
        migration.limitSwitchover(migration.dataBytes(maps));
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
        // This thread pauses the guest, and then switches over: there is nothing to try out on a vCPU's.
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
        NothingDue.saved(migration.context(), migration.link());
    }

    @Override
    public void awaitResumed() throws IOException {
        migration.awaitResumed();
        migration.measureWhenResumed();
    }

    @Override
    public void letGo() {
        // What was moved is gone from here, and what was copied ends with this process's memory.
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
