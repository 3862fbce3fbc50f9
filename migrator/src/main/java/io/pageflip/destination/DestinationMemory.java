package io.pageflip.destination;

import io.pageflip.guest.ConsoleLog;
import io.pageflip.guest.Guest;
import io.pageflip.guest.GuestConfig;
import io.pageflip.guest.VirtualMachine;
import io.pageflip.ledger.Frames;
import io.pageflip.ledger.PageLedger;
import io.pageflip.memory.BasePage;
import io.pageflip.memory.PageBitmap;
import io.pageflip.memory.PageRange;
import io.pageflip.memory.Quantity;
import io.pageflip.os.Fd;
import io.pageflip.os.HostLacksException;
import io.pageflip.os.MemFd;
import io.pageflip.os.NanoClock;
import io.pageflip.os.Proc;
import io.pageflip.os.Resources;
import io.pageflip.os.SyscallException;
import io.pageflip.os.Userfaultfd;
import io.pageflip.postcopy.Postcopy;
import io.pageflip.postcopy.SourcePages;
import io.pageflip.ram.Backing;
import io.pageflip.ram.BlockSpec;
import io.pageflip.ram.ExceptionalPages;
import io.pageflip.ram.FaultLog;
import io.pageflip.ram.RamBlock;
import io.pageflip.request.Mechanism;
import io.pageflip.request.Schedule;
import io.pageflip.scenario.RamConditions;
import io.pageflip.scenario.Scenario;
import io.pageflip.switchover.RunToken;
import io.pageflip.verification.Oracle;
import io.pageflip.wire.Message;
import io.pageflip.wire.ProtocolException;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Everything that the destination owns of a guest. Blocks that can be flipped are the source's memfds, mapped and
 * registered, without a page yet, but for memory of its own in the place of pages that a third process maps too; those
 * that lie in a file on a disk are private mappings of the source's FUSE file, without a page yet either; the others
 * are memory of its own.
 */
final class DestinationMemory implements AutoCloseable {
    /** Accounts of pages may take the half of the heap. */
    private static final int HEAP_PARTS = 2;

    private static final int BITS_A_PAGE = 7;

    private final List<RamBlock> blocks = new ArrayList<>();
    private final List<@Nullable MemFd> sourceFiles = new ArrayList<>();
    private final List<Boolean> shared = new ArrayList<>();
    private final MemFd framesFile;
    private final VirtualMachine machine;
    private final RamConditions conditions;
    private @Nullable Userfaultfd userfaultfd;
    private final Deque<AutoCloseable> late = new ArrayDeque<>();
    private List<FaultLog> faultLogs = List.of();
    private @Nullable PageBitmap present;
    private boolean givenAway;

    /**
     * Maps and makes everything that the greeting calls for.
     *
     * @param descriptors of {@link Message.Hello#files}; taken over, whatever happens
     */
    DestinationMemory(Message.Hello hello, List<Fd> descriptors, boolean moves, NanoClock clock) throws IOException {
        List<BlockSpec> specs = hello.guest().blocks();
        conditions = hello.scenario().conditions();
        Deque<AutoCloseable> made = new ArrayDeque<>(descriptors);
        try {
            Iterator<Fd> fds = checkInodes(hello, descriptors).iterator();
            RunToken token = push(made, RunToken.attach(MemFd.adopt(fds.next(), "token", RunToken.lengthBytes())));
            Oracle oracle =
                    push(made, Oracle.attach(MemFd.adopt(fds.next(), "oracle", Oracle.lengthBytes(specs)), specs));
            ConsoleLog console =
                    push(made, ConsoleLog.attach(MemFd.adopt(fds.next(), "console", ConsoleLog.lengthBytes())));
            framesFile = MemFd.adopt(fds.next(), "frames", Frames.lengthBytes(specs));
            boolean flips = hello.mechanism() == Mechanism.FLIP && hello.gifts() && moves;
            if (hello.schedule().announcesAllBeforePause() && !flips && !hello.pullsAfterSwitchover()) {
                throw new ProtocolException("the source hands its own pages over, and this destination may not map "
                        + "them: --no-move needs --schedule stop-and-move");
            }
            if (flips) {
                userfaultfd = push(
                        made,
                        Userfaultfd.open(Userfaultfd.FEATURE_MINOR_SHMEM
                                | Userfaultfd.FEATURE_MINOR_HUGETLBFS
                                | Userfaultfd.FEATURE_THREAD_ID));
            }
            checkAccountable(specs, hello.schedule() == Schedule.PRECOPY ? BITS_A_PAGE + Byte.SIZE : BITS_A_PAGE);
            checkRoom(hello, flips);
            for (BlockSpec spec : specs) {
                if (spec.backing() == Backing.FILE) {
                    blocks.add(push(made, RamBlock.attachPrivately(spec, fds.next())));
                    shared.add(true);
                    sourceFiles.add(null);
                    continue;
                }
                MemFd file =
                        spec.backing().shareable() ? MemFd.adopt(fds.next(), spec.name(), spec.mappedBytes()) : null;
                Scenario scenario = blocks.size() == GuestConfig.RAM ? hello.scenario() : Scenario.PLAIN;
                blocks.add(push(
                        made,
                        block(
                                spec,
                                file,
                                scenario.atDestination(spec, hello.guest().seed()))));
                sourceFiles.add(file);
            }
            Guest guest = new Guest(hello.guest(), blocks, oracle, console, clock);
            machine = VirtualMachine.of(token, oracle, console, guest);
        } catch (IOException | RuntimeException e) {
            Resources.closeAll(made);
            throw e;
        }
    }

    private static <T extends AutoCloseable> T push(Deque<AutoCloseable> made, T part) {
        made.push(part);
        return part;
    }

    private static List<Fd> checkInodes(Message.Hello hello, List<Fd> descriptors) throws IOException {
        List<Message.Hello.File> files = hello.files();
        for (int i = 0; i < files.size(); i++) {
            if (descriptors.get(i).inode() != files.get(i).inode()) {
                throw new ProtocolException("descriptor " + files.get(i).descriptor() + " of process " + hello.pid()
                        + " is not the memfd that the source described: its process may have gone");
            }
        }
        return descriptors;
    }

    /**
     * A ledger has four bits a page, pages that are mapped late have up to three more, and pages that may come again a
     * byte: what a peer announces must not end in an {@link OutOfMemoryError}.
     */
    private static void checkAccountable(List<BlockSpec> specs, long bitsPerPage) throws HostLacksException {
        long pages = specs.stream().mapToLong(BlockSpec::pages).sum();
        long most = Runtime.getRuntime().maxMemory() * 8 / (bitsPerPage * HEAP_PARTS);
        if (pages > most) {
            throw new HostLacksException("a guest of " + pages + " pages: this agent's heap has room to account for "
                    + most + "; give it more with PAGEFLIP_JAVA_OPTS=-Xmx1g");
        }
    }

    private static void checkRoom(Message.Hello hello, boolean flips) throws IOException {
        GuestConfig guest = hello.guest();
        long apart = flips ? guest.ramBytes() / 100 * hello.scenario().sharerPercent() : 0;
        long needed = apart
                + guest.blocks().stream()
                        .filter(spec -> !flips || !spec.backing().shareable())
                        .filter(spec -> spec.backing() != Backing.HUGETLB)
                        // What does not move is clean at the source, so that its copy there gives way.
                        .filter(spec -> spec.backing() != Backing.FILE)
                        .mapToLong(BlockSpec::mappedBytes)
                        .sum();
        long available = Proc.availableBytes();
        if (needed > available) {
            throw new HostLacksException("no room for a second copy of the guest: " + Quantity.format(needed)
                    + " are needed and " + Quantity.format(available)
                    + " are available; --mechanism flip needs no second copy");
        }
    }

    /** @param exceptional what the scenario says of a memfd's pages; without a memfd they are like the others */
    private RamBlock block(BlockSpec spec, @Nullable MemFd file, ExceptionalPages exceptional) throws IOException {
        shared.add(userfaultfd != null && file != null);
        if (file == null) {
            return RamBlock.create(spec);
        }
        if (userfaultfd == null) {
            return RamBlock.create(spec, exceptional);
        }
        RamBlock block = RamBlock.attach(spec, file, exceptional);
        try {
            block.registerMinor(userfaultfd);
            return block;
        } catch (SyscallException | RuntimeException e) {
            block.close();
            throw e;
        }
    }

    /** Maps, of pages of the memfd that are there now, those that the scenario wants mapped beforehand. */
    void mapBeforehand(int block, PageRange range) throws IOException {
        if (block != GuestConfig.RAM || conditions.presentPercent() == 0 || userfaultfd == null) {
            return;
        }
        RamBlock ram = blocks.get(GuestConfig.RAM);
        if (present == null) {
            present = conditions.present(ram.spec().pages());
        }
        for (long page = present.nextSet(range.first()); page < range.end(); page = present.nextSet(page + 1)) {
            userfaultfd.continueRange(
                    ram.mapping(),
                    page * BasePage.BYTES,
                    BasePage.BYTES); // there for whoever comes later, whatever it answers
        }
    }

    /** Closes it before everything that is here already. */
    <T extends AutoCloseable> T own(T made) {
        late.push(made);
        return made;
    }

    Guest guest() {
        return machine.guest();
    }

    RunToken token() {
        return machine.token();
    }

    /** The source's memfds, block by block; null for private memory and FUSE files. */
    List<@Nullable MemFd> sourceFiles() {
        return sourceFiles;
    }

    /** Registered with all shared blocks; null where nothing is flipped. */
    @Nullable
    Userfaultfd userfaultfd() {
        return userfaultfd;
    }

    /** Whether a block is memory of the destination's own, in which copied pages need room. */
    boolean isOwn(int block) {
        return !shared.get(block);
    }

    Frames frames() {
        return new Frames(framesFile, guest().config().blocks());
    }

    /** Serves faults from now on, before the guest is resumed: late pages are copied out of the source's memory. */
    Postcopy preparePulls(PageLedger ledger, SourcePages source, Postcopy.Options options, NanoClock clock)
            throws IOException {
        faultLogs = guest().logFaults();
        return own(Postcopy.pull(blocks, ledger, source, faultLogs, options, clock));
    }

    /** Serves faults from now on, before the guest is resumed: no page of the shared blocks is mapped. */
    Postcopy prepareFaults(PageLedger ledger, Postcopy.Options options, NanoClock clock) throws SyscallException {
        if (userfaultfd == null) {
            throw new IllegalStateException("a postcopy without a userfaultfd");
        }
        faultLogs = guest().logFaults();
        return own(Postcopy.prepare(blocks, ledger, userfaultfd, faultLogs, options, clock));
    }

    /** What the vCPUs noted since then; empty without late pages. */
    List<FaultLog> faultLogs() {
        return faultLogs;
    }

    /** Every page is mapped: from now on the kernel serves faults again. */
    void unregister() throws SyscallException {
        if (userfaultfd != null) {
            for (int i = 0; i < blocks.size(); i++) {
                if (shared.get(i)) {
                    userfaultfd.unregister(blocks.get(i).mapping());
                }
            }
        }
    }

    /** Gives the guest away, running, which needs nothing else of this any more; it stays open when this is closed. */
    VirtualMachine giveAway() {
        givenAway = true;
        return machine;
    }

    @Override
    public void close() {
        Resources.closeAll(late);
        if (!givenAway) {
            machine.close();
        }
        if (userfaultfd != null) {
            userfaultfd.close();
        }
        for (int i = 0; i < blocks.size(); i++) {
            MemFd file = sourceFiles.get(i);
            if (file != null && !shared.get(i)) {
                file.close();
            }
        }
        framesFile.close();
    }
}
