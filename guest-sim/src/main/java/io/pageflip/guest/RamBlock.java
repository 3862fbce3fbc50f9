package io.pageflip.guest;

import io.pageflip.memory.PageBitmap;
import io.pageflip.os.Mapping;
import io.pageflip.os.MemFd;
import io.pageflip.os.SyscallException;
import io.pageflip.os.Userfaultfd;
import org.jspecify.annotations.Nullable;

/**
 * The owner of one RAM block's memory in one process: its mapping, and the memfd it maps, if it is shareable.
 *
 * <p>A shareable block may have been started in private memory ({@link #createPrivate}). Then its memfd is empty at first, and an
 * {@link Adoption} puts it in the place of the private pages; pinned ones stay private, and are holes in the memfd.
 */
public final class RamBlock implements AutoCloseable {
    private final BlockSpec spec;
    private final Mapping mapping;
    private final @Nullable MemFd file;
    private volatile boolean partlyPrivate;
    private volatile @Nullable PageBitmap pinned;

    private RamBlock(BlockSpec spec, Mapping mapping, @Nullable MemFd file) {
        this.spec = spec;
        this.mapping = mapping;
        this.file = file;
    }

    /** New memory, all holes. */
    public static RamBlock create(BlockSpec spec) throws SyscallException {
        if (!spec.backing().shareable()) {
            return new RamBlock(spec, Mapping.anonymous(spec.name(), spec.mappedBytes()), null);
        }
        return attach(spec, MemFd.create(spec.name(), spec.mappedBytes(), spec.backing() == Backing.HUGETLB));
    }

    /** New memory, all holes, of a shareable block that is private until an {@link Adoption}. */
    public static RamBlock createPrivate(BlockSpec spec) throws SyscallException {
        if (spec.backing() != Backing.MEMFD) {
            throw new IllegalArgumentException(
                    "RAM block " + spec.name() + " cannot be adopted: it is " + spec.backing());
        }
        MemFd file = MemFd.create(spec.name(), spec.mappedBytes(), false);
        try {
            RamBlock block = new RamBlock(spec, Mapping.anonymous(spec.name(), spec.mappedBytes()), file);
            block.partlyPrivate = true;
            return block;
        } catch (SyscallException | RuntimeException e) {
            file.close();
            throw e;
        }
    }

    /** Maps the memory of another process's block; takes over {@code file}. Touches no page. */
    public static RamBlock attach(BlockSpec spec, MemFd file) throws SyscallException {
        try {
            return new RamBlock(spec, Mapping.shared(file), file);
        } catch (SyscallException | RuntimeException e) {
            file.close();
            throw e;
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

    /** The memfd of a block that the caller knows to be shareable. */
    public MemFd requireFile() {
        if (file == null) {
            throw new IllegalStateException("RAM block " + spec.name() + " is " + spec.backing() + ": it has no memfd");
        }
        return file;
    }

    /**
     * Whether there may be pages that are in private memory and not in the memfd: all before an adoption, any while it goes on
     * or after it has failed, the pinned ones after it.
     */
    boolean isPartlyPrivate() {
        return partlyPrivate;
    }

    /** The memfd lies in the place of every page but these. */
    void adopted(PageBitmap pinnedPages) {
        pinned = pinnedPages;
        partlyPrivate = pinnedPages.cardinality() > 0;
    }

    /** The pages of an adopted block that stayed private, and that no other process can map; null if there are none. */
    public @Nullable PageBitmap pinned() {
        return pinned;
    }

    /** Registers the block in minor mode, pinned pages excepted. */
    public void registerMinor(Userfaultfd userfaultfd) throws SyscallException {
        PageBitmap except = pinned;
        if (except == null) {
            userfaultfd.registerMinor(mapping);
            return;
        }
        long pageBytes = spec.pageBytes();
        for (long first = except.nextClear(0); first < spec.pages(); ) {
            long end = except.nextSet(first);
            userfaultfd.registerMinor(mapping, first * pageBytes, (end - first) * pageBytes);
            first = except.nextClear(end);
        }
    }

    /** Makes pages {@code first} to {@code first + count} present and writable. */
    public void populate(long first, long count) throws SyscallException {
        mapping.populate(first * spec.pageBytes(), count * spec.pageBytes());
    }

    @Override
    public void close() {
        mapping.close();
        if (file != null) {
            file.close();
        }
    }
}
