package io.pageflip.destination;

import io.pageflip.channel.StreamReader;
import io.pageflip.ledger.PageLedger;
import io.pageflip.metrics.CopyReason;
import io.pageflip.os.ProcessMemory;
import io.pageflip.os.Userfaultfd;
import io.pageflip.ram.RamBlock;
import io.pageflip.receive.BytesReceiver;
import io.pageflip.receive.FileCopyReceiver;
import io.pageflip.receive.FlipReceiver;
import io.pageflip.receive.FuseReceiver;
import io.pageflip.receive.PageReceiver;
import io.pageflip.receive.PullReceiver;
import io.pageflip.receive.ReceivePlan;
import io.pageflip.receive.SpliceReceiver;
import io.pageflip.receive.ZeroReceiver;
import io.pageflip.wire.FrameType;
import io.pageflip.wire.ProtocolException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The destination's half of each mechanism, for the schedules that work with several mechanisms. */
final class MechanismReceivers {
    private final IncomingMigration migration;
    private final PageLedger ledger;
    private final List<RamBlock> blocks;
    private final StreamReader stream;

    /** @param ledger in which the receivers account for pages */
    MechanismReceivers(IncomingMigration migration, PageLedger ledger) {
        this.migration = migration;
        this.ledger = ledger;
        this.blocks = migration.memory().blocks();
        this.stream = migration.stream();
    }

    /**
     * {@code stream}: bytes in the stream, and zeros. With every mechanism, pages that cannot cross otherwise come so.
     */
    ReceivePlan bytes() {
        Userfaultfd userfaultfd = migration.memory().userfaultfd();
        return new ReceivePlan(ledger)
                .with(FrameType.BYTES, new BytesReceiver(blocks, stream, ledger, userfaultfd))
                .with(FrameType.ZERO, new ZeroReceiver(blocks, ledger));
    }

    /** {@code gift}: pages that are vmspliced. */
    ReceivePlan splices() {
        CopyReason knownCopyReason =
                !migration.request().moves() && notGifted() == null ? CopyReason.MOVE_NOT_REQUESTED : notGifted();
        return bytes().with(FrameType.SPLICE, new SpliceReceiver(blocks, stream, ledger, knownCopyReason));
    }

    private @Nullable CopyReason notGifted() {
        return migration.hello().gifts() ? null : CopyReason.NOT_GIFTED;
    }

    /** {@code pull}: pages that are read out of the source's memory while they cross. */
    ReceivePlan pulls() {
        ProcessMemory source = new ProcessMemory(migration.hello().pid());
        return bytes().with(FrameType.PULL, new PullReceiver(blocks, migration.sourceAddresses(), source, ledger));
    }

    /** {@code flip}: pages of the source's memfds are moved, or copied out of them with {@code --no-move}. */
    PageReceiver flips() {
        Userfaultfd userfaultfd = migration.memory().userfaultfd();
        return userfaultfd != null
                ? new FlipReceiver(blocks, userfaultfd, ledger)
                : new FileCopyReceiver(blocks, migration.memory().sourceFiles(), ledger);
    }

    /** {@code fuse}: pages that are read out of the source's FUSE file. */
    FuseReceiver fuse() throws ProtocolException {
        if (migration.hello().gifts() && !migration.request().moves()) {
            throw new ProtocolException("with fuse it is the source that asks for moves, and this destination "
                    + "wants none: leave --no-move out, or give the source --no-gift");
        }
        return new FuseReceiver(blocks, ledger, notGifted());
    }
}
