package io.pageflip.ram;

import io.pageflip.memory.PageBitmap;
import io.pageflip.memory.Quantity;
import io.pageflip.os.DiskFile;
import io.pageflip.os.Fd;
import io.pageflip.os.ForkedChild;
import io.pageflip.os.FuseMount;
import io.pageflip.os.HostLacksException;
import io.pageflip.os.Mapping;
import io.pageflip.os.MemFd;
import io.pageflip.os.SyscallException;
import io.pageflip.os.Userfaultfd;
import java.io.IOException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * The owner of one RAM block's memory in one process: its mapping, and the file it maps: a memfd, if it is shareable,
 * or one on a disk.
 *
 * <p>A shareable block may have been started in private memory ({@link #createPrivate}). Then its memfd is empty at
 * first, and an {@link Adoption} puts it in the place of the private pages; pinned ones stay private.
 */
public final class RamBlock implements AutoCloseable {
    private final BlockSpec spec;
    private final Mapping mapping;
    private final @Nullable MemFd file;
    private final @Nullable DiskFile disk;
    private volatile boolean toBeAdopted;
    private volatile @Nullable PageBitmap pinned;
    private @Nullable PageBitmap shared;
    private long hugeBytes;
    private @Nullable PageBitmap forked;
    private @Nullable PageBitmap unaligned;
    private @Nullable PageBitmap unmapped;

    private RamBlock(BlockSpec spec, Mapping mapping, @Nullable MemFd file, @Nullable DiskFile disk) {
        this.spec = spec;
        this.mapping = mapping;
        this.file = file;
        this.disk = disk;
    }

    /** New memory, all holes; not for {@link Backing#FILE}. */
    public static RamBlock create(BlockSpec spec) throws SyscallException {
        if (spec.backing() == Backing.FILE) {
            throw new IllegalArgumentException("RAM block " + spec.name() + " without a directory for its file");
        }
        if (!spec.backing().shareable()) {
            return new RamBlock(spec, Mapping.anonymous(spec.name(), spec.mappedBytes()), null, null);
        }
        return attach(spec, MemFd.create(spec.name(), spec.mappedBytes(), spec.backing() == Backing.HUGETLB));
    }

    /**
     * New private memory, all holes.
     *
     * @param huge pages that are to be in transparent huge pages
     * @param forked pages that a forked child has, too
     * @param unaligned pages that are handed over in two pieces
     * @throws io.pageflip.os.HostLacksException if this kernel has no transparent huge pages, and they are among them
     */
    public static RamBlock create(BlockSpec spec, PageBitmap huge, PageBitmap forked, PageBitmap unaligned)
            throws IOException {
        if (spec.backing() != Backing.ANONYMOUS) {
            throw new IllegalArgumentException("RAM block " + spec.name() + " is " + spec.backing());
        }
        RamBlock block = new RamBlock(spec, Mapping.alignedAnonymous(spec.name(), spec.mappedBytes()), null, null);
        try {
            block.eachRun(huge, block.mapping::preferHuge);
            block.hugeBytes = huge.cardinality() * spec.pageBytes();
            block.forked = forked;
            block.unaligned = unaligned;
            return block;
        } catch (IOException | RuntimeException e) {
            block.close();
            throw e;
        }
    }

    /** New memory, all holes, of a shareable block that is private until an {@link Adoption}. */
    public static RamBlock createPrivate(BlockSpec spec) throws SyscallException {
        if (spec.backing() != Backing.MEMFD) {
            throw new IllegalArgumentException(
                    "RAM block " + spec.name() + " cannot be adopted: it is " + spec.backing());
        }
        MemFd file = MemFd.create(spec.name(), spec.mappedBytes(), false);
        try {
            RamBlock block = new RamBlock(spec, Mapping.anonymous(spec.name(), spec.mappedBytes()), file, null);
            block.toBeAdopted = true;
            return block;
        } catch (SyscallException | RuntimeException e) {
            file.close();
            throw e;
        }
    }

    /** Maps the memory of another process's block; takes over {@code file}. Touches no page. */
    public static RamBlock attach(BlockSpec spec, MemFd file) throws SyscallException {
        try {
            return new RamBlock(spec, Mapping.shared(file), file, null);
        } catch (SyscallException | RuntimeException e) {
            file.close();
            throw e;
        }
    }

    /**
     * New memory of {@link Backing#FILE}, all holes.
     *
     * @param directory where its file, which gets no name, takes its blocks
     * @throws io.pageflip.os.HostLacksException if that directory cannot take it
     */
    public static RamBlock createOnDisk(BlockSpec spec, Path directory) throws IOException {
        DiskFile disk = DiskFile.create(directory, spec.name(), spec.mappedBytes());
        try {
            return new RamBlock(spec, Mapping.shared(disk), null, disk);
        } catch (SyscallException | RuntimeException e) {
            disk.close();
            throw e;
        }
    }

    /**
     * A private mapping of another process's file, each page of which stays in memory once it was read; takes over
     * {@code file}, and closes it: the mapping does without. Touches no page.
     *
     * @throws IOException also if it is no FUSE file of that length
     */
    public static RamBlock attachPrivately(BlockSpec spec, Fd file) throws IOException {
        try (file) {
            FuseMount.requireFile(file, spec.name(), spec.mappedBytes());
            return new RamBlock(spec, Mapping.lockedCopy(file, spec.name(), spec.mappedBytes()), null, null);
        }
    }

    public BlockSpec spec() {
        return spec;
    }

    public Mapping mapping() {
        return mapping;
    }

    /** The memfd of a shareable block, else null. */
    public @Nullable MemFd file() {
        return file;
    }

    /** The file on a disk of a block of {@link Backing#FILE} in the process that made it, else null. */
    public @Nullable DiskFile disk() {
        return disk;
    }

    /** The memfd of a block that the caller knows to be shareable. */
    public MemFd requireFile() {
        if (file == null) {
            throw new IllegalStateException("RAM block " + spec.name() + " is " + spec.backing() + ": it has no memfd");
        }
        return file;
    }

    /**
     * Whether there may be pages of which the memfd knows nothing: all before an adoption, any during it or if it has
     * failed.
     */
    public boolean isToBeAdopted() {
        return toBeAdopted;
    }

    /** The memfd lies in the place of every page but these. */
    void adopted(PageBitmap pinnedPages) {
        pinned = pinnedPages;
        toBeAdopted = false;
    }

    /**
     * The pages of an adopted block that stayed private, so that what the guest writes there is not in the memfd; null
     * of other blocks.
     */
    public @Nullable PageBitmap pinned() {
        return pinned;
    }

    /** A third process maps these pages of the memfd, whatever else happens; told before the block is used. */
    public void share(PageBitmap pages) {
        requireFile();
        shared = pages;
    }

    /**
     * The same, in the process that has attached itself: these pages are memory of its own, all zeros, so that what is
     * written there is not in the memfd.
     */
    public void keepApart(PageBitmap pages) throws SyscallException {
        share(pages);
        eachRun(pages, mapping::mapPrivateOver);
    }

    /** What is done to a range of the mapping, in bytes. */
    private interface RangeAction<E extends IOException> {
        void on(long offset, long bytes) throws E;
    }

    private <E extends IOException> void eachRun(PageBitmap pages, RangeAction<E> action) throws E {
        long pageBytes = spec.pageBytes();
        for (long first = pages.nextSet(0); first < spec.pages(); ) {
            long end = pages.nextClear(first);
            action.on(first * pageBytes, (end - first) * pageBytes);
            first = pages.nextSet(end);
        }
    }

    /** The pages of the memfd that a third process maps; null if there is none. */
    public @Nullable PageBitmap shared() {
        return shared;
    }

    /** The pages that are handed over in two pieces; null if there is none. */
    public @Nullable PageBitmap unaligned() {
        return unaligned;
    }

    /**
     * Forks a child that has those pages of the block that are to be forked; null if there are none.
     *
     * @throws IOException if that fails
     */
    @Nullable
    public ForkedChild fork() throws IOException {
        PageBitmap pages = forked;
        if (pages == null || pages.cardinality() == 0) {
            return null;
        }
        mapping.forked(0, spec.mappedBytes(), false);
        eachRun(pages, (offset, bytes) -> mapping.forked(offset, bytes, true));
        ForkedChild child = ForkedChild.start();
        try {
            mapping.forked(0, spec.mappedBytes(), true); // as it was: the kernel joins the pieces
            return child;
        } catch (SyscallException e) {
            child.close();
            throw e;
        }
    }

    /**
     * Checks that the pages that are to be in transparent huge pages are, once they were written.
     *
     * @throws io.pageflip.os.HostLacksException if some are not
     */
    public void requireHuge() throws IOException {
        long there = hugeBytes == 0 ? 0 : mapping.hugeBytes();
        if (there < hugeBytes) {
            throw new HostLacksException("the kernel made transparent huge pages of " + Quantity.format(there)
                    + " of RAM, and not of " + Quantity.format(hugeBytes)
                    + "; see that /sys/kernel/mm/transparent_hugepage/enabled says madvise or always, and ask for a"
                    + " smaller part, or write 1 to /proc/sys/vm/compact_memory: memory may be fragmented");
        }
    }

    /** No userfaultfd is to know of these pages; told before {@link #registerMinor}. */
    public void leaveUnmapped(PageBitmap pages) {
        unmapped = pages;
    }

    /**
     * Registers the block in minor mode, without pages that are pinned, that a third process maps, or that are to be
     * left out.
     */
    public void registerMinor(Userfaultfd userfaultfd) throws SyscallException {
        if (pinned == null && shared == null && unmapped == null) {
            userfaultfd.registerMinor(mapping); // as a rule, and while the guest stands: without a set of all its pages
            return;
        }
        PageBitmap except = new PageBitmap(spec.pages());
        for (PageBitmap some : new PageBitmap[] {pinned, shared, unmapped}) {
            if (some != null) {
                except.addAll(some);
            }
        }
        long pageBytes = spec.pageBytes();
        for (long first = except.nextClear(0); first < spec.pages(); ) { // no lambda: the guest may stand
            long end = except.nextSet(first);
            userfaultfd.registerMinor(mapping, first * pageBytes, (end - first) * pageBytes);
            first = except.nextClear(end);
        }
    }

    /** Makes pages {@code first} to {@code first + count} present and writable. */
    public void populate(long first, long count) throws SyscallException {
        mapping.populate(first * spec.pageBytes(), count * spec.pageBytes());
    }

    /** The same, of those only that a third process maps. */
    public void populateShared(long first, long count) throws SyscallException {
        PageBitmap pages = shared;
        if (pages == null) {
            return;
        }
        long end = first + count;
        for (long page = pages.nextSet(first); page < end; page = pages.nextSet(page)) {
            long runEnd = Math.min(end, pages.nextClear(page));
            populate(page, runEnd - page);
            page = runEnd;
        }
    }

    /** Frees pages {@code first} to {@code first + count}: their content is lost, and they are holes again. */
    public void discard(long first, long count) throws SyscallException {
        long offset = first * spec.pageBytes();
        long bytes = count * spec.pageBytes();
        if (file == null) {
            mapping.dropEntries(offset, bytes);
        } else {
            mapping.remove(offset, bytes);
        }
    }

    @Override
    public void close() {
        mapping.close();
        if (file != null) {
            file.close();
        }
        if (disk != null) {
            disk.close();
        }
    }
}
