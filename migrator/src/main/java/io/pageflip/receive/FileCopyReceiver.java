package io.pageflip.receive;

import io.pageflip.ledger.PageLedger;
import io.pageflip.memory.PageRange;
import io.pageflip.metrics.CopyReason;
import io.pageflip.os.MemFd;
import io.pageflip.ram.RamBlock;
import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Takes gifted pages without moving them ({@code --no-move}): copies them out of the source's memfd into the
 * destination's own memory.
 */
public final class FileCopyReceiver implements PageReceiver {
    private final List<RamBlock> blocks;
    private final List<@Nullable MemFd> sourceFiles;
    private final PageLedger ledger;

    public FileCopyReceiver(List<RamBlock> blocks, List<@Nullable MemFd> sourceFiles, PageLedger ledger) {
        this.blocks = blocks;
        this.sourceFiles = sourceFiles;
        this.ledger = ledger;
    }

    @Override
    public void receive(int blockIndex, PageRange pages, @Nullable CopyReason reason) throws IOException {
        RamBlock block = blocks.get(blockIndex);
        MemFd file = sourceFiles.get(blockIndex);
        if (file == null) {
            throw new io.pageflip.wire.ProtocolException(
                    "RAM block " + block.spec().name() + " was gifted without a memfd");
        }
        long pageBytes = block.spec().pageBytes();
        file.read(pages.first() * pageBytes, block.mapping(), pages.first() * pageBytes, pages.count() * pageBytes);
        ledger.copied(blockIndex, pages, CopyReason.MOVE_NOT_REQUESTED);
    }
}
