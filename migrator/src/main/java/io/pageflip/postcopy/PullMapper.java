package io.pageflip.postcopy;

import io.pageflip.ledger.MoveOutcome;
import io.pageflip.ledger.PageLedger;
import io.pageflip.memory.PageBitmap;
import io.pageflip.memory.PageRange;
import io.pageflip.metrics.CopyReason;
import io.pageflip.os.HostLacksException;
import io.pageflip.os.NativeBuffer;
import io.pageflip.os.SyscallException;
import io.pageflip.os.Userfaultfd;
import io.pageflip.ram.Backing;
import io.pageflip.ram.RamBlock;
import java.io.IOException;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * Copies the pages of a block of this process out of the source's memory: {@code process_vm_readv} into a buffer, then
 * {@code UFFDIO_COPY}, or {@code UFFDIO_ZEROPAGE} for pages of zeros. A touch of a page that the source never wrote
 * traps here as well, as long as the block is registered. Once it is known that the source has no data there, the page
 * is mapped as zeros without being read.
 */
public final class PullMapper implements PageMapper {
    private static final int BUFFER_BYTES = 256 << 10;

    private final RamBlock block;
    private final int index;
    private final Userfaultfd userfaultfd;
    private final PageBitmap postcopyPages;
    private final SourcePages source;
    private final int pageBytes;
    private final int bufferPages;
    private final ThreadLocal<NativeBuffer> buffers;
    private final AtomicLong copied = new AtomicLong();
    private volatile @Nullable PageBitmap data;

    /**
     * A mapper of a block.
     *
     * @param block registered in missing mode as a whole
     * @param index its number at the source
     * @param postcopyPages those of its pages that are at the source, or hold nothing; other missing pages are zero; no
     *     thread changes it once the guest is resumed
     */
    private PullMapper(
            RamBlock block, int index, PageBitmap postcopyPages, Userfaultfd userfaultfd, SourcePages source) {
        this.block = block;
        this.index = index;
        this.userfaultfd = userfaultfd;
        this.postcopyPages = postcopyPages;
        this.source = source;
        this.pageBytes = block.spec().pageBytes();
        this.bufferPages = Math.max(1, BUFFER_BYTES / pageBytes);
        this.buffers = ThreadLocal.withInitial(() -> NativeBuffer.allocate(bufferPages * pageBytes));
    }

    /**
     * Registers a block of this process, and returns its pages for a {@link Postcopy}.
     *
     * @param block memory of this process, in which the postcopy pages are missing
     * @param index its number at the source
     * @param postcopyPages those of its pages that are at the source, or hold nothing; other missing pages are zero; no
     *     thread changes it once the guest is resumed
     */
    public static PostcopyPages register(
            RamBlock block, int index, PageBitmap postcopyPages, Userfaultfd userfaultfd, SourcePages source)
            throws SyscallException {
        userfaultfd.registerMissing(block.mapping());
        PageMapper mapper = new PullMapper(block, index, postcopyPages, userfaultfd, source);
        return new PostcopyPages(block, postcopyPages, new PageBitmap(postcopyPages.pages()), mapper);
    }

    /**
     * A userfaultfd for blocks whose pages are pulled.
     *
     * @throws HostLacksException if this kernel cannot trap a touch of such memory
     */
    public static Userfaultfd openUserfaultfd() throws IOException {
        try {
            return Userfaultfd.open(Userfaultfd.FEATURE_MISSING_SHMEM
                    | Userfaultfd.FEATURE_MISSING_HUGETLBFS
                    | Userfaultfd.FEATURE_THREAD_ID);
        } catch (SyscallException e) {
            throw new HostLacksException(
                    "pages cannot be pulled after the switchover: this kernel does not trap missing pages of guest RAM ("
                            + e.getMessage() + "); use --schedule stop-and-move",
                    e);
        }
    }

    @Override
    public PageBitmap data(PageBitmap wanted) throws IOException {
        PageBitmap there = source.data(index, block.spec());
        PageBitmap found = new PageBitmap(there.pages());
        for (long page = wanted.nextSet(0); page < wanted.pages(); page = wanted.nextSet(page + 1)) {
            if (there.get(page)) {
                found.add(page, 1);
            }
        }
        data = found;
        return found;
    }

    @Override
    public long map(PageRange range) throws IOException {
        long first = range.first();
        int pages = (int) Math.min(range.count(), bufferPages);
        NativeBuffer buffer = buffers.get();
        source.read(index, first * pageBytes, buffer, pages * pageBytes);
        int done = 0;
        while (done < pages) {
            boolean zero = isZero(buffer, done);
            int end = done + 1;
            while (end < pages && isZero(buffer, end) == zero) {
                end++;
            }
            int mapped = install(first + done, buffer, done, end - done, zero);
            done += mapped;
            if (done < end) {
                return done;
            }
        }
        return done;
    }

    private boolean isZero(NativeBuffer buffer, int page) {
        return buffer.isZero(page * pageBytes, pageBytes);
    }

    /** Maps pages of the buffer, and returns how many: fewer than {@code count} if another thread was faster. */
    private int install(long first, NativeBuffer buffer, int at, int count, boolean zero) throws IOException {
        long offset = first * pageBytes;
        int bytes = count * pageBytes;
        // The kernel has no UFFDIO_ZEROPAGE for huge pages.
        long result = zero && block.spec().backing() != Backing.HUGETLB
                ? userfaultfd.zero(block.mapping(), offset, bytes)
                : userfaultfd.copy(block.mapping(), offset, buffer, at * pageBytes, bytes);
        if (result > 0) {
            int mapped = (int) (result / pageBytes);
            if (!zero) {
                copied.addAndGet(mapped);
            }
            return mapped;
        }
        if (MoveOutcome.of(result) == MoveOutcome.HOLE) {
            throw new IOException("page " + first + " of RAM block "
                    + block.spec().name() + " could not be copied after the switchover: its buffer is not readable");
        }
        return 0;
    }

    @Override
    public boolean serve(long page) throws IOException {
        boolean mapped = (isHole(page) ? mapZero(page) : map(new PageRange(page, 1))) == 1;
        if (!mapped) {
            // The background mover mapped the page after the touch, or has just unregistered the block: neither need
            // have woken the thread that waits for it.
            userfaultfd.wake(block.mapping(), page * pageBytes, pageBytes);
        }
        return mapped;
    }

    /**
     * Whether it is known that a page must be zero. Then it is not read, because reading a hole of a memfd would make
     * the source allocate a page.
     */
    private boolean isHole(long page) {
        PageBitmap known = data;
        return !postcopyPages.get(page) || (known != null && !known.get(page));
    }

    private long mapZero(long page) throws IOException {
        NativeBuffer buffer = buffers.get();
        for (int i = 0; i < pageBytes && block.spec().backing() == Backing.HUGETLB; i += Long.BYTES) {
            buffer.bytes().putLong(i, 0);
        }
        return install(page, buffer, 0, 1, true);
    }

    @Override
    public boolean kernelHasTheRest() {
        return false;
    }

    /**
     * If every page is here, a thread that serves a last fault may go on; otherwise no thread may read the source's
     * memory any more.
     */
    @Override
    public void stopWaiting(boolean complete) {
        if (complete) {
            source.removeGate();
        } else {
            source.shut("no more pages are wanted");
        }
    }

    @Override
    public void release() throws IOException {
        userfaultfd.unregister(block.mapping());
    }

    @Override
    public void enter(PageLedger ledger, int block, PostcopyPages pages, boolean complete) {
        ledger.postcopyCopied(block, copied.get(), CopyReason.MECHANISM_COPIES);
    }
}
