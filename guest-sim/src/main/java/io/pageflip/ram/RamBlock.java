package io.pageflip.ram;

import io.pageflip.memory.PageBitmap;
import io.pageflip.memory.PageRange;
import io.pageflip.memory.PageRuns;
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
 * The owner of one RAM block's memory in one process: its mapping, and the file that it maps: a memfd, if it is
 * shareable, or a file on a disk.
 *
 * <p>A shareable block may have been started in private memory ({@link ExceptionalPages#untilAdoption}). Then its memfd
 * is empty at first, and an {@link Adoption} maps it over the private pages; pinned ones stay private.
 */
public final class RamBlock implements AutoCloseable {
    private final BlockSpec spec;
    private final Mapping mapping;
    private final @Nullable MemFd file;
    private final @Nullable DiskFile disk;
    private volatile ExceptionalPages exceptional;

    private RamBlock(
            BlockSpec spec,
            ExceptionalPages exceptional,
            Mapping mapping,
            @Nullable MemFd file,
            @Nullable DiskFile disk) {
        this.spec = spec;
        this.exceptional = exceptional;
        this.mapping = mapping;
        this.file = file;
        this.disk = disk;
    }

    /** New memory, all holes, without exceptional pages; not for {@link Backing#FILE}. */
    public static RamBlock create(BlockSpec spec) throws IOException {
        return create(spec, ExceptionalPages.none(spec));
    }

    /**
     * New memory, all holes; not for {@link Backing#FILE}.
     *
     * @param exceptional huge, forked and unaligned pages are for private memory, shared ones and a later adoption for
     *     a memfd
     * @throws io.pageflip.os.HostLacksException if this kernel has no transparent huge pages, and some are wanted
     */
    public static RamBlock create(BlockSpec spec, ExceptionalPages exceptional) throws IOException {
        boolean shareable = spec.backing().shareable();
        if (spec.backing() == Backing.FILE) {
            throw new IllegalArgumentException("RAM block " + spec.name() + " without a directory for its file");
        }
        if (exceptional.adoptionPending() && spec.backing() != Backing.MEMFD) {
            throw new IllegalArgumentException(
                    "RAM block " + spec.name() + " cannot be adopted: it is " + spec.backing());
        }
        if (exceptional.anyPrivate()
                ? spec.backing() != Backing.ANONYMOUS
                : !shareable && !exceptional.shared().isEmpty()) {
            throw new IllegalArgumentException("RAM block " + spec.name() + " is " + spec.backing());
        }
        if (exceptional.anyPrivate()) {
            return createWithHuge(spec, exceptional);
        }
        if (exceptional.adoptionPending()) {
            return createPrivate(spec, exceptional);
        }
        if (!shareable) {
            return new RamBlock(spec, exceptional, Mapping.anonymous(spec.name(), spec.mappedBytes()), null, null);
        }
        return map(spec, MemFd.create(spec.name(), spec.mappedBytes(), spec.backing() == Backing.HUGETLB), exceptional);
    }

    private static RamBlock createWithHuge(BlockSpec spec, ExceptionalPages exceptional) throws IOException {
        RamBlock block =
                new RamBlock(spec, exceptional, Mapping.alignedAnonymous(spec.name(), spec.mappedBytes()), null, null);
        try {
            long pageBytes = spec.pageBytes();
            for (PageRuns runs = exceptional.huge().runs(); runs.next(); ) {
                block.mapping.preferHuge(runs.first() * pageBytes, runs.count() * pageBytes);
            }
            return block;
        } catch (IOException | RuntimeException e) {
            block.close();
            throw e;
        }
    }

    private static RamBlock createPrivate(BlockSpec spec, ExceptionalPages exceptional) throws SyscallException {
        MemFd file = MemFd.create(spec.name(), spec.mappedBytes(), false);
        try {
            return new RamBlock(spec, exceptional, Mapping.anonymous(spec.name(), spec.mappedBytes()), file, null);
        } catch (SyscallException | RuntimeException e) {
            file.close();
            throw e;
        }
    }

    /** As {@link #attach(BlockSpec, MemFd, ExceptionalPages)}, for a block without exceptional pages. */
    public static RamBlock attach(BlockSpec spec, MemFd file) throws SyscallException {
        return attach(spec, file, ExceptionalPages.none(spec));
    }

    /**
     * Maps the memory of another process's block; takes over {@code file}. Touches no page.
     *
     * @param exceptional shared pages become memory of this process's own, all zeros, so that what is written there is
     *     not in the memfd
     */
    public static RamBlock attach(BlockSpec spec, MemFd file, ExceptionalPages exceptional) throws SyscallException {
        RamBlock block = map(spec, file, exceptional);
        try {
            long pageBytes = spec.pageBytes();
            for (PageRuns runs = exceptional.shared().runs(); runs.next(); ) {
                block.mapping.mapPrivateOver(runs.first() * pageBytes, runs.count() * pageBytes);
            }
            return block;
        } catch (SyscallException | RuntimeException e) {
            block.close();
            throw e;
        }
    }

    /** Maps a memfd; takes it over. */
    private static RamBlock map(BlockSpec spec, MemFd file, ExceptionalPages exceptional) throws SyscallException {
        try {
            return new RamBlock(spec, exceptional, Mapping.shared(file), file, null);
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
            return new RamBlock(spec, ExceptionalPages.none(spec), Mapping.shared(disk), null, disk);
        } catch (SyscallException | RuntimeException e) {
            disk.close();
            throw e;
        }
    }

    /**
     * A private mapping of another process's file, each page of which stays in memory once it was read; takes over
     * {@code file}, and closes it: the mapping does not need it. Touches no page.
     *
     * @throws IOException also if it is no FUSE file of that length
     */
    public static RamBlock attachPrivately(BlockSpec spec, Fd file) throws IOException {
        try (file) {
            FuseMount.requireFile(file, spec.name(), spec.mappedBytes());
            Mapping mapping = Mapping.lockedCopy(file, spec.name(), spec.mappedBytes());
            return new RamBlock(spec, ExceptionalPages.none(spec), mapping, null, null);
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

    /** The exceptional pages, as of now: an {@link Adoption} replaces the value when it ends. */
    public ExceptionalPages exceptional() {
        return exceptional;
    }

    /** Called when an adoption has mapped the memfd over every page but {@code pinned}. */
    void adopted(PageBitmap pinned) {
        exceptional = exceptional.adopted(pinned);
    }

    /**
     * Forks a child that has the forked pages of the block, too; null if there are none.
     *
     * @throws IOException if that fails
     */
    @Nullable
    public ForkedChild fork() throws IOException {
        PageBitmap pages = exceptional.forked();
        if (pages.isEmpty()) {
            return null;
        }
        long pageBytes = spec.pageBytes();
        mapping.forked(0, spec.mappedBytes(), false);
        for (PageRuns runs = pages.runs(); runs.next(); ) {
            mapping.forked(runs.first() * pageBytes, runs.count() * pageBytes, true);
        }
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
     * Checks that the pages that must lie in transparent huge pages do. Call it once they were written.
     *
     * @throws io.pageflip.os.HostLacksException if some are not
     */
    public void requireHuge() throws IOException {
        long hugeBytes = exceptional.huge().cardinality() * spec.pageBytes();
        long there = hugeBytes == 0 ? 0 : mapping.hugeBytes();
        if (there < hugeBytes) {
            throw new HostLacksException("the kernel made transparent huge pages of " + Quantity.format(there)
                    + " of RAM, and not of " + Quantity.format(hugeBytes)
                    + "; see that /sys/kernel/mm/transparent_hugepage/enabled says madvise or always, and ask for a"
                    + " smaller part, or write 1 to /proc/sys/vm/compact_memory: memory may be fragmented");
        }
    }

    /**
     * Registers the block in minor mode, without pages that are pinned, that a third process maps, or that must stay
     * unregistered.
     */
    public void registerMinor(Userfaultfd userfaultfd) throws SyscallException {
        ExceptionalPages now = exceptional;
        if (now.allRegistered()) {
            userfaultfd.registerMinor(mapping); // the usual case, without a set of pages: the guest may be paused
            return;
        }
        PageBitmap except = new PageBitmap(spec.pages());
        except.addAll(now.pinned());
        except.addAll(now.shared());
        except.addAll(now.unmapped());
        long pageBytes = spec.pageBytes();
        for (PageRuns runs = except.gaps(); runs.next(); ) { // no lambda: the guest may be paused
            userfaultfd.registerMinor(mapping, runs.first() * pageBytes, runs.count() * pageBytes);
        }
    }

    /** Makes pages present and writable. */
    public void populate(PageRange range) throws SyscallException {
        mapping.populate(range.first() * spec.pageBytes(), range.count() * spec.pageBytes());
    }

    /** As {@link #populate}, for those of {@code pages} that a third process maps. */
    public void populateShared(PageRange pages) throws SyscallException {
        for (PageRuns runs = exceptional.shared().runs(pages.first(), pages.end()); runs.next(); ) {
            populate(runs.range());
        }
    }

    /** Frees pages: their content is lost, and they are holes again. */
    public void discard(PageRange range) throws SyscallException {
        long offset = range.first() * spec.pageBytes();
        long bytes = range.count() * spec.pageBytes();
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
