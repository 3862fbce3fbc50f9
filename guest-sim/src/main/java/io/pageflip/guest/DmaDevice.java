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
 * A device with I/O under way from buffers in guest RAM, whose frames the kernel therefore holds: it lends them to a
 * pipe (vmsplice(2) without a gift). What is read out of the pipe is what lies in those very frames then, as a network
 * card sends what lies in its ring. Were another page put in the place of one of them, the device would go on with the
 * old frame, and never see what the guest writes; so it declares them, and nobody may.
 *
 * <p>Four buffers of four pages, an eighth, three eighths and so on into RAM, of pages that the guest has ever written.
 * Used by the guest's thread.
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
     * Begins the I/O; the pages are there, and stay where they are until {@link #close}.
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
                        + ram.spec().name() + " for I/O: vmsplice answers " + lent);
            }
        }
    }

    /** The pages that it has pinned, in pages of the block. */
    PageBitmap pinned() {
        return pages;
    }

    /** Ends the I/O: whether what the device read is what the paused guest last wrote. */
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
