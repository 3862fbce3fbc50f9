package io.pageflip.guest;

import io.pageflip.memory.PageBitmap;
import io.pageflip.os.Fd;
import io.pageflip.os.NativeBuffer;
import io.pageflip.os.PageGift;
import io.pageflip.os.Pipe;
import io.pageflip.ram.RamBlock;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * A device that does I/O from buffers in guest RAM, so that the kernel holds their frames: it lends them to a pipe
 * (vmsplice(2) without a gift). A read of the pipe returns what those frames contain then, as a network card sends what
 * its ring contains. If another frame took the place of one of them, the device would keep the old frame, and never see
 * what the guest writes. So it declares these pages as pinned, and nobody may move them to another frame.
 *
 * <p>It has four buffers of four pages, at one eighth, three eighths and so on of RAM, all of pages that were ever
 * written. Used by the guest's thread.
 */
final class DmaDevice implements AutoCloseable {
    private static final int BUFFERS = 4;
    private static final int BUFFER_PAGES = 4;

    private final RamBlock ram;
    private final PageBitmap pages;
    private @Nullable Pipe pipe;

    DmaDevice(RamBlock ram, GuestConfig config) {
        this.ram = ram;
        this.pages = buffers(config);
    }

    private static PageBitmap buffers(GuestConfig config) {
        PageBitmap found = new PageBitmap(config.blocks().get(GuestConfig.RAM).pages());
        for (int i = 0; i < BUFFERS; i++) {
            long page = found.pages() * (2 * i + 1) / (2 * BUFFERS);
            for (int count = 0; count < BUFFER_PAGES && page < found.pages(); page++) {
                count += config.filled(page) ? (int) found.add(page, 1) : 0;
            }
        }
        return found;
    }

    /**
     * Begins the I/O. The pages must be present; they keep their frames until {@link #close}.
     *
     * @throws IOException if the pipe cannot take them all
     */
    void start() throws IOException {
        Pipe made = Pipe.create();
        pipe = made;
        PageGift lending = new PageGift();
        long pageBytes = ram.spec().pageBytes();
        for (long page = pages.nextSet(0); page < pages.pages(); page = pages.nextSet(page + 1)) {
            long lent = lending.give(made.writeEnd(), ram.mapping(), page * pageBytes, pageBytes, false);
            if (lent != pageBytes) {
                throw new IOException("the kernel does not hold page " + page + " of RAM block "
                        + ram.spec().name() + " for I/O: vmsplice returned " + lent);
            }
        }
    }

    /** The pages that it has pinned, in pages of the block. */
    PageBitmap pinned() {
        return pages;
    }

    /** Ends the I/O. Returns whether the device read what the paused guest had written last. */
    boolean finish() {
        if (pipe == null) {
            throw new IllegalStateException("no I/O is under way");
        }
        Fd out = pipe.readEnd();
        int pageBytes = ram.spec().pageBytes();
        NativeBuffer read = NativeBuffer.allocate(pageBytes);
        boolean same = true;
        for (long page = pages.nextSet(0); page < pages.pages(); page = pages.nextSet(page + 1)) {
            same &= out.read(read, 0, pageBytes) == pageBytes
                    && ram.mapping().matches(page * pageBytes, read, pageBytes);
        }
        return same;
    }

    @Override
    public void close() {
        if (pipe != null) {
            pipe.close();
        }
    }
}
