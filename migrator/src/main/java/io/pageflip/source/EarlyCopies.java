package io.pageflip.source;

import io.pageflip.guest.RamBlock;
import io.pageflip.memory.PageBitmap;
import io.pageflip.memory.PageRange;
import io.pageflip.os.Errno;
import io.pageflip.os.Pagemap;
import io.pageflip.os.SyscallException;
import io.pageflip.os.Userfaultfd;
import io.pageflip.transfer.SendPlan;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Private memory that a handover copies while the guest still runs. Of private blocks the kernel notes which pages are written
 * meanwhile (userfaultfd {@code WP_ASYNC}, {@code PAGEMAP_SCAN}), and those are sent again once the guest stands. Where the kernel
 * cannot (before Linux 6.7), they are all sent again. Writers that it cannot see (another mapping, {@code pwrite}) do not exist
 * in our guest, but for a device that has pages pinned: those are all copied again, and straight into the memfd, which the
 * destination has mapped.
 */
final class EarlyCopies implements AutoCloseable {
    private final List<RamBlock> blocks;
    private final @Nullable Userfaultfd userfaultfd;
    private final Pagemap pagemap;
    private final List<List<PageRange>> pinned = new ArrayList<>();

    /** @param blocks all of the guest's; the shareable ones are left alone */
    EarlyCopies(List<RamBlock> blocks) throws SyscallException {
        this.blocks = List.copyOf(blocks);
        for (RamBlock block : blocks) {
            List<PageRange> ranges = new ArrayList<>();
            PageBitmap pages = block.pinned();
            if (pages != null) {
                pages.forEachRun(Integer.MAX_VALUE, ranges::add);
            }
            pinned.add(ranges);
        }
        this.pagemap = Pagemap.open();
        try {
            this.userfaultfd = open();
        } catch (SyscallException | RuntimeException e) {
            pagemap.close();
            throw e;
        }
    }

    private static @Nullable Userfaultfd open() throws SyscallException {
        try {
            return Userfaultfd.open(Userfaultfd.FEATURE_WP_ASYNC);
        } catch (SyscallException e) {
            if (e.errno() == Errno.EINVAL) {
                return null;
            }
            throw e;
        }
    }

    /** From now on, writes are noted. */
    void begin() throws SyscallException {
        if (userfaultfd != null) {
            for (RamBlock block : blocks) {
                if (isCopied(block)) {
                    userfaultfd.registerWriteProtect(block.mapping());
                    userfaultfd.writeProtect(block.mapping());
                }
            }
        }
    }

    private static boolean isCopied(RamBlock block) {
        return !block.spec().backing().shareable();
    }

    /**
     * Sends again what the guest, which stands, has written since {@link #begin}, and copies all pinned pages.
     *
     * @return whether there was anything to send
     */
    boolean resend(SendPlan plan) throws IOException {
        boolean any = false;
        for (int i = 0; i < blocks.size(); i++) {
            RamBlock block = blocks.get(i);
            if (isCopied(block) && (userfaultfd == null || pagemap.anyWritten(block.mapping()))) {
                any = true;
                resend(i, block, plan);
            }
            copyPinned(block, pinned.get(i));
        }
        return any;
    }

    private static void copyPinned(RamBlock block, List<PageRange> ranges) throws SyscallException {
        long pageBytes = block.spec().pageBytes();
        for (int i = 0; i < ranges.size(); i++) { // no iterator on the switching path
            long at = ranges.get(i).first() * pageBytes;
            block.requireFile().write(at, block.mapping(), at, ranges.get(i).count() * pageBytes);
        }
    }

    private void resend(int index, RamBlock block, SendPlan plan) throws IOException {
        List<PageRange> written = userfaultfd == null
                ? List.of(new PageRange(0, block.spec().pages()))
                : pagemap.takeWritten(block.mapping());
        for (PageRange range : written) {
            plan.resend(index, block, range);
        }
    }

    @Override
    public void close() {
        pagemap.close();
        if (userfaultfd != null) {
            userfaultfd.close();
        }
    }
}
