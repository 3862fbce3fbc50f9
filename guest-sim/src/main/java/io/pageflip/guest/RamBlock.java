package io.pageflip.guest;

import io.pageflip.os.Mapping;
import io.pageflip.os.MemFd;
import io.pageflip.os.SyscallException;
import org.jspecify.annotations.Nullable;

/** The owner of one RAM block's memory in one process: its mapping, and the memfd it maps, if it is shareable. */
public final class RamBlock implements AutoCloseable {
    private final BlockSpec spec;
    private final Mapping mapping;
    private final @Nullable MemFd file;

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

    /** Makes pages {@code first} to {@code first + count} present and writable. */
    public void populate(long first, long count) throws SyscallException {
        mapping.populate(first * spec.pageBytes(), count * spec.pageBytes());
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
    }
}
