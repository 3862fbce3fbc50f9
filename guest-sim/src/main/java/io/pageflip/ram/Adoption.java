package io.pageflip.ram;

import io.pageflip.memory.PageBitmap;
import io.pageflip.memory.PageRange;
import io.pageflip.memory.PageRuns;
import io.pageflip.os.Capability;
import io.pageflip.os.FaultEvents;
import io.pageflip.os.HostCapabilities;
import io.pageflip.os.HostLacksException;
import io.pageflip.os.MemFd;
import io.pageflip.os.NanoClock;
import io.pageflip.os.SyscallException;
import io.pageflip.os.Userfaultfd;
import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Turns the private RAM of a running guest into shared memory, in place: it copies each chunk into the block's memfd,
 * and maps the memfd over the chunk. This needs no second copy of RAM, only of one chunk.
 *
 * <pre>
 *   UFFDIO_WRITEPROTECT   a vCPU that writes to the chunk now waits, in holes too (WP_UNPOPULATED); reads do not
 *   pwrite                its pages go into the memfd, but for those that are all zeros: holes stay holes
 *   mmap MAP_FIXED        the memfd is mapped over the chunk, whose frames are freed; no more vCPUs are trapped there
 *   read                  the fault events, for the logs: they say which vCPUs are waiting
 *   UFFDIO_WAKE           these vCPUs write again, now into the memfd
 *   MADV_POPULATE_WRITE   the pages that hold data, so that the guest takes no more faults
 * </pre>
 *
 * <p>Pages that a device has pinned are left out and stay private: the device would keep the old frame. A chunk ends
 * before them. The memfd has a page for each of them, whose content must be copied again when the device has stopped
 * and the guest is paused.
 *
 * <p>The guest must not be paused while this runs: a vCPU may be waiting for it. Used by one thread, which calls
 * {@link #run} once.
 */
public final class Adoption {
    private final RamBlock block;
    private final PageBitmap pinned;
    private final List<FaultLog> logs;
    private final long chunkBytes;
    private final NanoClock clock;
    private long chunks;
    private long copiedBytes;
    private long durationNs;

    /**
     * The figures of an adoption, so far or at its end.
     *
     * @param chunks how many were adopted; pinned pages make more of them
     * @param chunkBytes the largest size of a chunk
     * @param durationNs the time for all of them
     * @param copiedBytes bytes copied from private memory into the memfd
     * @param pinnedPages pages that stay private
     * @param waits instructions of vCPUs that waited for a chunk
     * @param longestStallNs the longest time that such an instruction took, from before its write to after it, as the
     *     vCPU itself measured it; 0 if none waited
     */
    public record Figures(
            long chunks,
            long chunkBytes,
            long durationNs,
            long copiedBytes,
            long pinnedPages,
            long waits,
            long longestStallNs) {}

    /** Called after each chunk with the number of pages up to its end. An exception ends the adoption. */
    @FunctionalInterface
    public interface Listener {
        void adopted(long pages) throws IOException;
    }

    /**
     * An adoption that has not begun.
     *
     * @param pinned pages to be left out
     * @param logs of the vCPUs, which record what they waited for
     */
    public Adoption(RamBlock block, PageBitmap pinned, List<FaultLog> logs, long chunkBytes, NanoClock clock) {
        long pageBytes = block.spec().pageBytes();
        if (chunkBytes < pageBytes || chunkBytes % pageBytes != 0) {
            throw new IllegalArgumentException("a chunk of " + chunkBytes + " bytes");
        }
        this.block = block;
        this.pinned = pinned;
        this.logs = List.copyOf(logs);
        this.chunkBytes = chunkBytes;
        this.clock = clock;
    }

    /**
     * Adopts the block. If that fails, a part of it is shared and the rest private, and the guest keeps running in
     * both.
     *
     * @throws HostLacksException where the kernel cannot do it
     * @throws IOException that says what failed, and how far it had come
     */
    public void run(Listener listener) throws IOException {
        Capability works = HostCapabilities.probeAdopt();
        if (!works.available()) {
            throw new HostLacksException("private memory cannot be adopted here: " + works.detail());
        }
        adopt(listener);
    }

    private void adopt(Listener listener) throws IOException {
        long startNs = clock.nanoTime();
        // A userfaultfd of its own: with WP_ASYNC, which dirty trackers use, no writer would wait. Closing it lifts all
        // protection that is left.
        try (Userfaultfd userfaultfd =
                        Userfaultfd.open(Userfaultfd.FEATURE_WP_UNPOPULATED | Userfaultfd.FEATURE_THREAD_ID);
                FaultEvents events = FaultEvents.of(userfaultfd)) {
            register(userfaultfd);
            long chunkPages = chunkBytes / block.spec().pageBytes();
            for (PageRange chunk = chunk(pinned, 0, chunkPages); chunk != null; ) {
                adopt(chunk, userfaultfd, events);
                durationNs = clock.nanoTime() - startNs;
                listener.adopted(chunk.end());
                chunk = chunk(pinned, chunk.end(), chunkPages);
            }
        }
        makePinned();
        block.adopted(pinned);
    }

    /**
     * Writes every pinned page into the memfd, where its bytes will be needed. If the page appeared there only while
     * another process maps the memfd, that process could trap in the middle of an access.
     */
    private void makePinned() throws IOException {
        long pageBytes = block.spec().pageBytes();
        try {
            for (PageRuns runs = pinned.runs(); runs.next(); ) {
                long at = runs.first() * pageBytes;
                block.requireFile().write(at, block.mapping(), at, runs.count() * pageBytes);
            }
        } catch (SyscallException e) {
            throw new IOException(
                    "RAM block " + block.spec().name() + " is shared, and has no room for its pinned pages: "
                            + e.getMessage(),
                    e);
        }
    }

    private void register(Userfaultfd userfaultfd) throws IOException {
        try {
            userfaultfd.registerWriteProtect(block.mapping());
        } catch (SyscallException e) {
            throw new IOException("RAM block " + block.spec().name() + " stays private: " + e.getMessage(), e);
        }
    }

    private void adopt(PageRange chunk, Userfaultfd userfaultfd, FaultEvents events) throws IOException {
        try {
            copiedBytes += share(chunk, userfaultfd, events);
            chunks++;
        } catch (SyscallException e) {
            throw new IOException(
                    "RAM block " + block.spec().name() + " is shared up to page " + chunk.first() + " of "
                            + pinned.pages() + ", and private from there on: " + e.getMessage(),
                    e);
        }
    }

    /**
     * The first chunk at or after page {@code from}: a run of at most {@code mostPages} pages that are not pinned. Null
     * if there is none.
     */
    static @Nullable PageRange chunk(PageBitmap pinned, long from, long mostPages) {
        long first = pinned.nextClear(from);
        if (first == pinned.pages()) {
            return null;
        }
        return new PageRange(first, Math.min(mostPages, pinned.nextSet(first) - first));
    }

    /** Makes a chunk shared; returns the bytes copied. */
    private long share(PageRange chunk, Userfaultfd userfaultfd, FaultEvents events) throws SyscallException {
        long pageBytes = block.spec().pageBytes();
        long offset = chunk.first() * pageBytes;
        long bytes = chunk.count() * pageBytes;
        userfaultfd.writeProtect(block.mapping(), offset, bytes);
        PageBitmap data = copy(chunk);
        block.mapping().mapOver(offset, block.requireFile(), offset, bytes);
        recordWaits(events);
        userfaultfd.wake(block.mapping(), offset, bytes);
        for (PageRuns runs = data.runs(); runs.next(); ) {
            block.populate(new PageRange(chunk.first() + runs.first(), runs.count()));
        }
        return data.cardinality() * pageBytes;
    }

    /** Copies a chunk that nobody writes meanwhile; returns which of its pages were not all zeros. */
    private PageBitmap copy(PageRange chunk) throws SyscallException {
        MemFd file = block.requireFile();
        long pageBytes = block.spec().pageBytes();
        PageBitmap data = new PageBitmap(chunk.count());
        for (long i = 0; i < chunk.count(); i++) {
            // The page table entry of a protected hole looks like that of a page in swap: only reading tells them
            // apart.
            if (!block.mapping().isZero((chunk.first() + i) * pageBytes, pageBytes)) {
                data.add(i, 1);
            }
        }
        for (PageRuns runs = data.runs(); runs.next(); ) {
            long at = (chunk.first() + runs.first()) * pageBytes;
            file.write(at, block.mapping(), at, runs.count() * pageBytes);
        }
        return data;
    }

    /** Tells the log of each vCPU that waits. All of them are in the queue: a vCPU that comes later finds the memfd. */
    private void recordWaits(FaultEvents events) throws SyscallException {
        for (int count = events.poll(); count > 0; count = events.poll()) {
            for (int i = 0; i < count; i++) {
                for (FaultLog log : logs) {
                    if (log.threadId() == events.threadId(i)) {
                        log.serving();
                    }
                }
            }
        }
    }

    /** The figures so far; the stalls are complete when the guest has executed an instruction after the last chunk. */
    public Figures figures() {
        long waits = 0;
        long longestNs = 0;
        for (FaultLog log : logs) {
            waits += log.waits();
            longestNs = Math.max(longestNs, log.longestNs());
        }
        return new Figures(chunks, chunkBytes, durationNs, copiedBytes, pinned.cardinality(), waits, longestNs);
    }
}
