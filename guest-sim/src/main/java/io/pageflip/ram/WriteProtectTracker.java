package io.pageflip.ram;

import io.pageflip.memory.BasePage;
import io.pageflip.memory.PageBitmap;
import io.pageflip.memory.PageRange;
import io.pageflip.os.Capability;
import io.pageflip.os.HostCapabilities;
import io.pageflip.os.HostLacksException;
import io.pageflip.os.Pagemap;
import io.pageflip.os.SyscallException;
import io.pageflip.os.Userfaultfd;
import java.io.IOException;
import java.util.List;

/**
 * Lets the kernel record writes. Every page is write-protected, holes included; the first write to one takes a fault
 * that the kernel serves by itself, at once, by lifting the protection (about a microsecond); {@code PAGEMAP_SCAN}
 * finds the pages without protection and protects each again as it finds it.
 *
 * <p>It records huge pages as a whole. While it is open no other userfaultfd can be registered on the blocks.
 */
public final class WriteProtectTracker implements DirtyTracker {
    private final List<RamBlock> blocks;
    private final Userfaultfd userfaultfd;
    private final Pagemap pagemap;

    private WriteProtectTracker(List<RamBlock> blocks, Userfaultfd userfaultfd, Pagemap pagemap) {
        this.blocks = blocks;
        this.userfaultfd = userfaultfd;
        this.pagemap = pagemap;
    }

    /**
     * Write-protects all blocks.
     *
     * @throws HostLacksException where the kernel cannot do it
     */
    public static WriteProtectTracker start(List<RamBlock> blocks) throws IOException {
        Capability works = HostCapabilities.probeWriteTracking();
        if (!works.available()) {
            throw new HostLacksException("dirty tracking by write-protect " + works.detail());
        }
        // Without WP_UNPOPULATED the first write to a hole of private memory would go unnoticed.
        Userfaultfd userfaultfd = Userfaultfd.open(Userfaultfd.FEATURE_WP_ASYNC | Userfaultfd.FEATURE_WP_UNPOPULATED);
        try {
            for (RamBlock block : blocks) {
                userfaultfd.registerWriteProtect(block.mapping());
                userfaultfd.writeProtect(block.mapping());
            }
            return new WriteProtectTracker(blocks, userfaultfd, Pagemap.open());
        } catch (SyscallException | RuntimeException e) {
            userfaultfd.close();
            throw e;
        }
    }

    @Override
    public PageBitmap take(int block) throws IOException {
        BlockSpec spec = blocks.get(block).spec();
        int perPage = spec.pageBytes() / BasePage.BYTES;
        PageBitmap written = new PageBitmap(spec.pages());
        for (PageRange range : pagemap.takeWritten(blocks.get(block).mapping())) {
            long first = range.first() / perPage;
            written.add(first, (range.end() + perPage - 1) / perPage - first);
        }
        return written;
    }

    @Override
    public boolean isEmpty(int block) throws SyscallException {
        return !pagemap.anyWritten(blocks.get(block).mapping());
    }

    @Override
    public void close() {
        userfaultfd.close(); // lifts every protection
        pagemap.close();
    }
}
