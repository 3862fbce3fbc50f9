package io.pageflip.source;

import io.pageflip.metrics.SourceSide;
import io.pageflip.os.Userfaultfd;
import io.pageflip.ram.RamBlock;
import io.pageflip.send.FuseExport;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * The steps that a mechanism adds at the source of a {@link StopAndMove}, besides sending pages. The agent's thread
 * calls the methods, in this order. Most mechanisms add nothing.
 */
interface MechanismStep extends AutoCloseable {
    /** Called while the guest runs. */
    default void prepare() throws IOException {}

    /** Called when the guest is paused. */
    default void paused() throws IOException {}

    /** Called for each block of the paused guest, once it is known which pages of {@code block} hold data. */
    default void paused(RamBlock block) throws IOException {}

    /** Adds to the report what only this mechanism knows of a migration. */
    default SourceSide report(SourceSide known) {
        return known;
    }

    /** Takes back the pages that have left, if the guest was not given away. May be called again. */
    @Override
    default void close() {}

    /** The step that a migration's mechanism needs. */
    static MechanismStep of(OutgoingMigration migration) {
        return switch (migration.request().mechanism()) {
            case FLIP -> new Flips(migration);
            case FUSE -> new Export(migration.memory().requireExport());
            case GIFT, STREAM, PULL -> new Nothing();
        };
    }

    /** Pages cross as bytes, or by a system call that needs no preparation. */
    final class Nothing implements MechanismStep {}

    /**
     * Registers shared pages in minor mode while the guest is paused: a thread that touches a page that was given away
     * is trapped. Closing the userfaultfd takes all pages back.
     */
    final class Flips implements MechanismStep {
        private final OutgoingMigration migration;
        private @Nullable Userfaultfd userfaultfd;

        Flips(OutgoingMigration migration) {
            this.migration = migration;
        }

        @Override
        public void prepare() throws IOException {
            userfaultfd = Userfaultfd.open(Userfaultfd.FEATURE_MINOR_SHMEM | Userfaultfd.FEATURE_MINOR_HUGETLBFS);
            migration.warmup().pageLoop();
        }

        @Override
        public void paused(RamBlock block) throws IOException {
            Userfaultfd open = userfaultfd;
            if (open != null
                    && migration.request().gifts()
                    && block.spec().backing().shareable()) {
                block.registerMinor(open);
            }
        }

        @Override
        public void close() {
            Userfaultfd open = userfaultfd;
            if (open != null) {
                userfaultfd = null;
                open.close();
            }
        }
    }

    /** Handles RAM in a file on a disk: makes its pages clean before they move, and ends the guest's writes to them. */
    final class Export implements MechanismStep {
        private final FuseExport export;

        Export(FuseExport export) {
            this.export = export;
        }

        @Override
        public void prepare() throws IOException {
            export.writeBack();
        }

        @Override
        public void paused() throws IOException {
            export.release();
        }

        @Override
        public SourceSide report(SourceSide known) {
            return known.hasArrived() ? known.withFuse(export.figures()) : known;
        }
    }
}
