package io.pageflip.transfer;

import io.pageflip.guest.RamBlock;
import io.pageflip.metrics.CopyReason;
import io.pageflip.os.NativeBuffer;
import io.pageflip.os.Userfaultfd;
import io.pageflip.wire.ProtocolException;
import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Moves gifted pages of a shared block: {@code UFFDIO_CONTINUE} points the destination's page table entries at the frames
 * that the memfd holds. A page that the kernel refuses is copied, through a buffer, with the reason; the ladder of refusals
 * is {@link MoveOutcome}.
 */
final class FlipReceiver implements PageReceiver {
    private final List<RamBlock> blocks;
    private final Userfaultfd userfaultfd;
    private final PageLedger ledger;
    private @Nullable NativeBuffer page;

    FlipReceiver(List<RamBlock> blocks, Userfaultfd userfaultfd, PageLedger ledger) {
        this.blocks = blocks;
        this.userfaultfd = userfaultfd;
        this.ledger = ledger;
    }

    @Override
    public void receive(int blockIndex, long first, int count, @Nullable CopyReason reason) throws IOException {
        RamBlock block = blocks.get(blockIndex);
        if (block.file() == null) {
            throw new ProtocolException("RAM block " + block.spec().name() + " was gifted without a memfd");
        }
        long pageBytes = block.spec().pageBytes();
        long at = first;
        long end = first + count;
        while (at < end) {
            long result = userfaultfd.continueRange(block.mapping(), at * pageBytes, (end - at) * pageBytes);
            if (result > 0) {
                ledger.moved(blockIndex, at, result / pageBytes);
                at += result / pageBytes;
            } else {
                refused(blockIndex, block, at, MoveOutcome.of(result));
                at++;
            }
        }
    }

    private void refused(int blockIndex, RamBlock block, long at, MoveOutcome outcome) throws IOException {
        CopyReason reason = switch (outcome) {
            case ALREADY_PRESENT -> CopyReason.ALREADY_PRESENT;
            case NO_MAPPING -> CopyReason.NO_MAPPING;
            case HOLE ->
                throw new ProtocolException("page " + at + " of RAM block "
                        + block.spec().name() + " was gifted, and its memfd has no page there");
        };
        // For a shared mapping this copies the page onto itself; it is counted as what it is, no move.
        int pageBytes = block.spec().pageBytes();
        if (page == null) {
            page = NativeBuffer.allocate(pageBytes);
        }
        block.requireFile().read(at * pageBytes, page, pageBytes);
        block.mapping().copyIn(at * pageBytes, page, pageBytes);
        ledger.copied(blockIndex, at, 1, reason);
    }
}
