package io.pageflip.destination;

import io.pageflip.guest.GuestConfig;
import io.pageflip.memory.PageRange;
import io.pageflip.os.Fd;
import io.pageflip.os.MemFd;
import io.pageflip.os.Resources;
import io.pageflip.os.SyscallException;
import io.pageflip.os.Userfaultfd;
import io.pageflip.ram.Backing;
import io.pageflip.ram.BlockSpec;
import io.pageflip.ram.ExceptionalPages;
import io.pageflip.ram.RamBlock;
import io.pageflip.scenario.RamConditions;
import io.pageflip.scenario.Scenario;
import io.pageflip.wire.Message;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The RAM blocks of a guest at the destination, each of one {@link Kind}. Used by the agent's thread. The caller closes
 * the {@link #blocks}, and then this object, which closes the rest.
 */
final class DestinationRam implements AutoCloseable {
    /** The kinds of memory that a block can be. */
    private enum Kind {
        /**
         * The source's memfd, mapped and registered, without a page yet. In place of pages that a third process maps,
         * too, there is private memory of this process.
         */
        FLIPPED,
        /** A private mapping of the source's FUSE file, without a page yet. */
        FUSE_FILE,
        /** Memory of this process, in which copied pages need room. */
        OWN
    }

    private final List<RamBlock> blocks = new ArrayList<>();
    private final List<Kind> kinds = new ArrayList<>();
    private final List<@Nullable MemFd> sourceFiles = new ArrayList<>();
    private final @Nullable Userfaultfd userfaultfd;
    private @Nullable PresentPages presentPages;

    private DestinationRam(@Nullable Userfaultfd userfaultfd) {
        this.userfaultfd = userfaultfd;
    }

    /**
     * Maps and makes all blocks.
     *
     * @param files of the blocks that have one; those that are used are taken over
     * @param flips whether the source's memfds are mapped
     */
    static DestinationRam map(Message.Hello hello, Iterator<Fd> files, boolean flips) throws IOException {
        DestinationRam ram = new DestinationRam(
                flips
                        ? Userfaultfd.open(Userfaultfd.FEATURE_MINOR_SHMEM
                                | Userfaultfd.FEATURE_MINOR_HUGETLBFS
                                | Userfaultfd.FEATURE_THREAD_ID)
                        : null);
        try {
            for (BlockSpec spec : hello.guest().blocks()) {
                ram.add(spec, hello, files);
            }
            return ram;
        } catch (IOException | RuntimeException e) {
            Deque<AutoCloseable> made = new ArrayDeque<>(ram.blocks);
            Resources.closeAll(made);
            ram.close();
            throw e;
        }
    }

    private void add(BlockSpec spec, Message.Hello hello, Iterator<Fd> files) throws IOException {
        if (spec.backing() == Backing.FILE) {
            add(Kind.FUSE_FILE, RamBlock.attachPrivately(spec, files.next()), null);
            return;
        }
        boolean isRam = blocks.size() == GuestConfig.RAM;
        Scenario scenario = isRam ? hello.scenario() : Scenario.PLAIN;
        MemFd file = spec.backing().shareable() ? MemFd.adopt(files.next(), spec.name(), spec.mappedBytes()) : null;
        ExceptionalPages exceptional =
                scenario.atDestination(spec, hello.guest().seed());
        if (userfaultfd == null || file == null) {
            add(Kind.OWN, file == null ? RamBlock.create(spec) : RamBlock.create(spec, exceptional), file);
            return;
        }
        RamBlock flipped = RamBlock.attach(spec, file, exceptional);
        add(Kind.FLIPPED, flipped, file);
        RamConditions conditions = scenario.conditions();
        flipped.registerMinor(userfaultfd);
        if (conditions.presentPercent() > 0) {
            presentPages = new PresentPages(flipped, userfaultfd, conditions);
        }
    }

    private void add(Kind kind, RamBlock block, @Nullable MemFd file) {
        kinds.add(kind);
        blocks.add(block);
        sourceFiles.add(file);
    }

    /** All blocks of the guest, in the guest's order. */
    List<RamBlock> blocks() {
        return Collections.unmodifiableList(blocks);
    }

    /** The source's memfds, block by block; null for private memory and FUSE files. */
    List<@Nullable MemFd> sourceFiles() {
        return sourceFiles;
    }

    /** The userfaultfd with which all shared blocks are registered; null if nothing is flipped. */
    @Nullable
    Userfaultfd userfaultfd() {
        return userfaultfd;
    }

    /** Makes room for pages that the source expects to send, if they need any. */
    void makeRoom(int index, PageRange range) throws IOException {
        RamBlock block = blocks.get(index);
        if (kinds.get(index) == Kind.OWN) {
            block.populate(range);
            return;
        }
        block.populateShared(range); // only those pages that a third process maps
        if (presentPages != null && index == GuestConfig.RAM) {
            presentPages.map(range);
        }
    }

    /** Unregisters the shared blocks when every page is mapped: from now on the kernel serves their faults again. */
    void unregister() throws SyscallException {
        for (int i = 0; i < blocks.size(); i++) {
            if (userfaultfd != null && kinds.get(i) == Kind.FLIPPED) {
                userfaultfd.unregister(blocks.get(i).mapping());
            }
        }
    }

    @Override
    public void close() {
        if (userfaultfd != null) {
            userfaultfd.close();
        }
        for (int i = 0; i < blocks.size(); i++) {
            MemFd file = sourceFiles.get(i);
            if (file != null && kinds.get(i) == Kind.OWN) {
                file.close();
            }
        }
    }
}
