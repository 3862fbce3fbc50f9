package io.pageflip.kernel;

/**
 * A simulated machine: its frames, its swap area, its log, and what goes wrong on it. Address spaces, pipes and files
 * are made on it, and the seeds' code runs on those. Not thread-safe: what other threads would do is a {@link Hazard}.
 */
public final class Kernel {
    private final Hazards hazards;
    private final KernelLog log = new KernelLog();
    private final PageAllocator allocator;
    private final SwapArea swap;

    /**
     * A machine of so many page frames.
     *
     * @param hazards what strikes, and when
     */
    public Kernel(int frames, Hazards hazards) {
        this.hazards = hazards;
        allocator = new PageAllocator(frames, log);
        swap = new SwapArea(allocator);
    }

    /** Its page frames. */
    public PageAllocator allocator() {
        return allocator;
    }

    /** What it said, and what it did wrong. */
    public KernelLog log() {
        return log;
    }

    SwapArea swap() {
        return swap;
    }

    Hazards hazards() {
        return hazards;
    }

    /** Swap slots that are taken. */
    public int swapSlotsInUse() {
        return swap.slotsInUse();
    }

    /** Somebody else holds a page, a device or another pipe, until {@link #unpin}. */
    public void pin(PageFrame page) {
        page.get();
    }

    /** After {@link #pin}. */
    public void unpin(PageFrame page) {
        page.put();
    }

    /** A process with nothing mapped. */
    public AddressSpace newAddressSpace() {
        return new AddressSpace(this);
    }

    /** A file on a disk, with nothing in memory. */
    public PageCache newFile(long sizeBytes) {
        return new PageCache(this, false, sizeBytes);
    }

    /** A file of shared memory: tmpfs, memfd, or what shared anonymous memory lies in. */
    public PageCache newSharedMemory(long sizeBytes) {
        return new PageCache(this, true, sizeBytes);
    }

    /** A pipe of so many buffers; 16 by default on Linux (pipe(7)). */
    public Pipe newPipe(int slots) {
        return new Pipe(this, slots);
    }
}
