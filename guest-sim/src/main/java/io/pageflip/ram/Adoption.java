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
 * Makes the private RAM of a running guest shared memory, in place: chunk by chunk its bytes go into the block's memfd,
 * which is then mapped where they were. The guest needs no second copy of its RAM for that, only of one chunk.
 *
 * <pre>
 *   UFFDIO_WRITEPROTECT   who writes in the chunk from now on waits, in holes too (WP_UNPOPULATED); reads go on
 *   pwrite                its pages go into the memfd, but for those that are all zeros: holes stay holes
 *   mmap MAP_FIXED        the memfd lies where the chunk was, whose frames are free now; nobody new can be trapped there
 *   read                  of the events: which vCPUs are waiting, for their logs
 *   UFFDIO_WAKE           they write again, and now into the memfd
 *   MADV_POPULATE_WRITE   of what holds data, so that the guest takes no more faults
 * </pre>
 *
 * <p>Pages that a device has pinned are left out and stay private: the device would keep the old frame. Chunks end
 * there. The memfd has a page for each of them, whose content is to be copied again when the device and the guest
 * stand.
 *
 * <p>The guest must not be stopped while this runs: a vCPU may be waiting for it. Used by one thread, which calls
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
     * What it came to, or has so far.
     *
     * @param chunks adopted; pinned pages make more of them
     * @param chunkBytes of the largest that there may be
     * @param durationNs of all of them
     * @param copiedBytes from private memory into the memfd
     * @param pinnedPages that stay private
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

    /** Told after each chunk how far it has come; may end the adoption by an exception. */
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
     * Adopts the block. If that fails, a part of it is shared and the rest private, and the guest goes on in both.
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
        // One of its own: with WP_ASYNC, which dirty trackers have, nobody would wait. Closing it lifts what is still
        // protected.
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
     * Gives every pinned page a page in the memfd, where its bytes are going to be needed: one that appeared there
     * while another process maps the memfd could trap that, in the middle of a touch.
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

    /** The first chunk at or after page {@code from}; null if there is none: a run of pages that are not pinned. */
    static @Nullable PageRange chunk(PageBitmap pinned, long from, long mostPages) {
        long first = pinned.nextClear(from);
        if (first == pinned.pages()) {
            return null;
        }
        return new PageRange(first, Math.min(mostPages, pinned.nextSet(first) - first));
    }

    /** Bytes copied. */
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

    /** Copies what nobody writes meanwhile; which pages of the chunk were not all zeros. */
    private PageBitmap copy(PageRange chunk) throws SyscallException {
        MemFd file = block.requireFile();
        long pageBytes = block.spec().pageBytes();
        PageBitmap data = new PageBitmap(chunk.count());
        for (long i = 0; i < chunk.count(); i++) {
            // A hole that is protected cannot be told from a page in swap by its page table entry: reading tells.
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

    /** Tells the logs of the vCPUs that wait. All who do are in the queue: a new one would find the memfd. */
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
