package io.pageflip.receive;

import io.pageflip.ledger.MoveOutcome;
import io.pageflip.ledger.PageLedger;
import io.pageflip.memory.PageRange;
import io.pageflip.metrics.CopyReason;
import io.pageflip.metrics.DeclineReason;
import io.pageflip.os.Userfaultfd;
import io.pageflip.ram.RamBlock;
import io.pageflip.wire.ProtocolException;
import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Moves gifted pages of a shared block: {@code UFFDIO_CONTINUE} points the destination's page table entries at the
 * frames that the memfd holds. A page whose move the kernel declines counts as declined, with the reason;
 * {@link MoveOutcome} has the kernel's answers. The bytes of such a page need not be copied: the memfd is mapped here,
 * so the page is there, or will be when it is touched. They must not be copied either, because with a handover the
 * guest may write them meanwhile.
 */
public final class FlipReceiver implements PageReceiver {
    private final List<RamBlock> blocks;
    private final Userfaultfd userfaultfd;
    private final PageLedger ledger;

    public FlipReceiver(List<RamBlock> blocks, Userfaultfd userfaultfd, PageLedger ledger) {
        this.blocks = blocks;
        this.userfaultfd = userfaultfd;
        this.ledger = ledger;
    }

    @Override
    public void receive(int blockIndex, PageRange pages, @Nullable CopyReason reason) throws IOException {
        RamBlock block = blocks.get(blockIndex);
        if (block.file() == null) {
            throw new ProtocolException("RAM block " + block.spec().name() + " was gifted without a memfd");
        }
        long pageBytes = block.spec().pageBytes();
        long at = pages.first();
        long end = pages.end();
        long most = end - at;
        while (at < end) {
            long asked = Math.min(most, end - at);
            long result = userfaultfd.continueRange(block.mapping(), at * pageBytes, asked * pageBytes);
            if (result > 0) {
                long moved = result / pageBytes;
                ledger.moved(blockIndex, moved == pages.count() ? pages : new PageRange(at, moved));
                at += moved;
                most = end - at;
                continue;
            }
            MoveOutcome outcome = MoveOutcome.of(result);
            if (outcome == MoveOutcome.NO_MAPPING && asked > 1) {
                most = asked / 2; // ENOENT also comes if only the range's end is not registered
            } else {
                ledger.declined(blockIndex, new PageRange(at, 1), reason(block, at, outcome));
                at++;
                most = end - at;
            }
        }
    }

    private static DeclineReason reason(RamBlock block, long at, MoveOutcome outcome) throws ProtocolException {
        return switch (outcome) {
            case ALREADY_PRESENT -> DeclineReason.ALREADY_PRESENT;
            case NO_MAPPING -> DeclineReason.NO_MAPPING;
            case HOLE ->
                throw new ProtocolException("page " + at + " of RAM block "
                        + block.spec().name() + " was gifted, and its memfd has no page there");
        };
    }
}
