package io.pageflip.receive;

import io.pageflip.ledger.PageLedger;
import io.pageflip.memory.PageRange;
import io.pageflip.metrics.CopyReason;
import io.pageflip.os.Errno;
import io.pageflip.os.ProcessMemory;
import io.pageflip.os.SyscallException;
import io.pageflip.ram.RamBlock;
import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Reads pages out of the source's memory with process_vm_readv(2). */
public final class PullReceiver implements PageReceiver {
    private final List<RamBlock> blocks;
    private final List<Long> sourceAddresses;
    private final ProcessMemory source;
    private final PageLedger ledger;

    public PullReceiver(List<RamBlock> blocks, List<Long> sourceAddresses, ProcessMemory source, PageLedger ledger) {
        this.blocks = blocks;
        this.sourceAddresses = sourceAddresses;
        this.source = source;
        this.ledger = ledger;
    }

    @Override
    public void receive(int blockIndex, PageRange pages, @Nullable CopyReason reason) throws IOException {
        RamBlock block = blocks.get(blockIndex);
        long offset = pages.first() * block.spec().pageBytes();
        long end = offset + block.spec().bytesOf(pages);
        while (offset < end) {
            long read = source.read(sourceAddresses.get(blockIndex) + offset, block.mapping(), offset, end - offset);
            if (read <= 0) {
                throw new SyscallException(
                        "process_vm_readv " + block.spec().name() + " " + offset + "+" + (end - offset),
                        read == 0 ? Errno.EFAULT : (int) -read);
            }
            offset += read;
        }
        ledger.copied(blockIndex, pages, CopyReason.MECHANISM_COPIES);
    }
}
