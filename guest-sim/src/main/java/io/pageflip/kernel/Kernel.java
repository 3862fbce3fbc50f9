package io.pageflip.kernel;

/**
 * A simulated machine: its frames, its swap area, its log, and its hazards. It makes address spaces, pipes and files,
 * and the seeds' code runs on those. Not thread-safe: what other threads would do is a {@link Hazard}.
 */
public final class Kernel {
    private final Hazards hazards;
    private final KernelLog log = new KernelLog();
    private final PageAllocator allocator;
    private final SwapArea swap;

    /**
     * A machine of {@code frames} page frames.
     *
     * @param hazards decides which hazard strikes, and when
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

    /** The warnings that it printed, and the defects that occurred. */
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

    /** Makes a device, or another pipe, hold a page until {@link #unpin}. */
    public void pin(PageFrame page) {
        page.get();
    }

    /** Ends {@link #pin}. */
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

    /** A pipe of {@code slots} buffers; 16 by default on Linux (pipe(7)). */
    public Pipe newPipe(int slots) {
        return new Pipe(this, slots);
    }
}
