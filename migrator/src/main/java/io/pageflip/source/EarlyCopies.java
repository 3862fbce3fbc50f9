package io.pageflip.source;

import io.pageflip.guest.RamBlock;
import io.pageflip.memory.PageRange;
import io.pageflip.os.Errno;
import io.pageflip.os.Pagemap;
import io.pageflip.os.SyscallException;
import io.pageflip.os.Userfaultfd;
import io.pageflip.transfer.SendPlan;
import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Private blocks that a handover copies while the guest still runs: the kernel notes which of their pages are written
 * meanwhile (userfaultfd {@code WP_ASYNC}, {@code PAGEMAP_SCAN}), and those are sent again once it stands. Where the kernel
 * cannot (before Linux 6.7), they are all sent again. Writers that it cannot see (another mapping, {@code pwrite}) do not exist
 * in our guest.
 */
final class EarlyCopies implements AutoCloseable {
    private final List<RamBlock> blocks;
    private final @Nullable Userfaultfd userfaultfd;
    private final Pagemap pagemap;

    /** @param blocks all of the guest's; the shareable ones are left alone */
    EarlyCopies(List<RamBlock> blocks) throws SyscallException {
        this.blocks = List.copyOf(blocks);
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

    /** Whether the kernel can tell what is written. */
    boolean watches() {
        return userfaultfd != null;
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
     * Sends again what the guest, which stands, has written since {@link #begin}.
     *
     * @return whether there was anything
     */
    boolean resend(SendPlan plan) throws IOException {
        boolean any = false;
        for (int i = 0; i < blocks.size(); i++) {
            RamBlock block = blocks.get(i);
            if (isCopied(block) && (userfaultfd == null || pagemap.anyWritten(block.mapping()))) {
                any = true;
                resend(i, block, plan);
            }
        }
        return any;
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
