package io.pageflip.destination;

import io.pageflip.guest.ConsoleLog;
import io.pageflip.guest.Guest;
import io.pageflip.guest.VirtualMachine;
import io.pageflip.ledger.Frames;
import io.pageflip.memory.PageRange;
import io.pageflip.os.Fd;
import io.pageflip.os.MemFd;
import io.pageflip.os.NanoClock;
import io.pageflip.os.Resources;
import io.pageflip.os.SyscallException;
import io.pageflip.os.Userfaultfd;
import io.pageflip.ram.BlockSpec;
import io.pageflip.ram.RamBlock;
import io.pageflip.request.Mechanism;
import io.pageflip.request.Refusal;
import io.pageflip.request.RequestRules;
import io.pageflip.switchover.RunToken;
import io.pageflip.verification.Oracle;
import io.pageflip.wire.Message;
import io.pageflip.wire.ProtocolException;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Everything that the destination owns of a guest. Used by the agent's thread. */
final class DestinationMemory implements AutoCloseable {
    private final DestinationRam ram;
    private final MemFd framesFile;
    private final VirtualMachine machine;
    private final Deque<AutoCloseable> owned = new ArrayDeque<>();
    private boolean givenAway;

    /**
     * Maps and makes everything that the greeting calls for.
     *
     * @param descriptors of {@link Message.Hello#files}; taken over, even if this throws
     * @param moves false with {@code --no-move}
     */
    DestinationMemory(Message.Hello hello, List<Fd> descriptors, boolean moves, NanoClock clock) throws IOException {
        List<BlockSpec> specs = hello.guest().blocks();
        Deque<AutoCloseable> made = new ArrayDeque<>(descriptors);
        try {
            checkInodes(hello, descriptors);
            Iterator<Fd> fds = descriptors.iterator();
            RunToken token = push(made, RunToken.attach(MemFd.adopt(fds.next(), "token", RunToken.lengthBytes())));
            Oracle oracle =
                    push(made, Oracle.attach(MemFd.adopt(fds.next(), "oracle", Oracle.lengthBytes(specs)), specs));
            ConsoleLog console =
                    push(made, ConsoleLog.attach(MemFd.adopt(fds.next(), "console", ConsoleLog.lengthBytes())));
            framesFile = MemFd.adopt(fds.next(), "frames", Frames.lengthBytes(specs));
            checkSchedule(hello, moves);
            boolean flips = hello.mechanism() == Mechanism.FLIP && hello.gifts() && moves;
            GuestRoom.check(hello, flips);
            ram = push(made, DestinationRam.map(hello, fds, flips));
            ram.blocks().forEach(made::push);
            Guest guest = new Guest(hello.guest(), ram.blocks(), oracle, console, clock);
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

    /**
     * Checks the source's schedule against this destination's options, which a source that was started by hand does not
     * know.
     */
    private static void checkSchedule(Message.Hello hello, boolean moves) throws ProtocolException {
        Optional<Refusal> refusal =
                RequestRules.checkSchedule(hello.schedule(), hello.mechanism(), hello.gifts(), moves);
        if (refusal.isPresent()) {
            throw new ProtocolException(refusal.get().sentence());
        }
    }

    private static void checkInodes(Message.Hello hello, List<Fd> descriptors) throws IOException {
        List<Message.Hello.File> files = hello.files();
        for (int i = 0; i < files.size(); i++) {
            if (descriptors.get(i).inode() != files.get(i).inode()) {
                throw new ProtocolException("descriptor " + files.get(i).descriptor() + " of process " + hello.pid()
                        + " is not the memfd that the source described: its process may have gone");
            }
        }
    }

    /** Takes {@code made} over: {@link #close} closes it before everything that this object owns already. */
    <T extends AutoCloseable> T own(T made) {
        owned.push(made);
        return made;
    }

    Guest guest() {
        return machine.guest();
    }

    RunToken token() {
        return machine.token();
    }

    /** The guest's RAM blocks, in the guest's order. */
    List<RamBlock> blocks() {
        return ram.blocks();
    }

    /** See {@link DestinationRam#sourceFiles}. */
    List<@Nullable MemFd> sourceFiles() {
        return ram.sourceFiles();
    }

    /** See {@link DestinationRam#userfaultfd}. */
    @Nullable
    Userfaultfd userfaultfd() {
        return ram.userfaultfd();
    }

    /** As {@link #userfaultfd}, for a schedule that has been checked to flip pages. */
    Userfaultfd requireUserfaultfd() {
        Userfaultfd userfaultfd = ram.userfaultfd();
        if (userfaultfd == null) {
            throw new IllegalStateException("a schedule that flips pages without a userfaultfd");
        }
        return userfaultfd;
    }

    /** See {@link DestinationRam#makeRoom}. */
    void makeRoom(int block, PageRange range) throws IOException {
        ram.makeRoom(block, range);
    }

    /** See {@link DestinationRam#unregister}. */
    void unregister() throws SyscallException {
        ram.unregister();
    }

    Frames frames() {
        return new Frames(framesFile, guest().config().blocks());
    }

    /**
     * Gives the running guest to the caller; {@link #close} then does not close it. The guest needs nothing else of
     * this object.
     */
    VirtualMachine giveAway() {
        givenAway = true;
        return machine;
    }

    @Override
    public void close() {
        Resources.closeAll(owned);
        if (!givenAway) {
            machine.close();
        }
        ram.close();
        framesFile.close();
    }
}
