package io.pageflip.source;

import io.pageflip.guest.Guest;
import io.pageflip.guest.RamBlock;
import io.pageflip.guest.RunToken;
import io.pageflip.guest.VirtualMachine;
import io.pageflip.os.MemFd;
import io.pageflip.os.Proc;
import io.pageflip.transfer.Frames;
import io.pageflip.wire.Mechanism;
import io.pageflip.wire.Message;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** The guest that the source gives away, and what one migration of it needs besides: the frame numbers. Owner of both. */
final class SourceMemory implements AutoCloseable {
    private final VirtualMachine machine;
    private final MemFd framesFile;

    /** @param machine taken over, whatever happens */
    SourceMemory(VirtualMachine machine) throws IOException {
        this.machine = machine;
        try {
            framesFile = Frames.createFile(machine.guest().config().blocks());
        } catch (IOException | RuntimeException e) {
            machine.close();
            throw e;
        }
    }

    RunToken token() {
        return machine.token();
    }

    Guest guest() {
        return machine.guest();
    }

    Frames frames() {
        return new Frames(framesFile, guest().config().blocks());
    }

    /** The memfds, in the order of {@link Message.Hello#files}. */
    List<MemFd> files() {
        List<MemFd> files = new ArrayList<>(List.of(
                token().file(), machine.oracle().file(), machine.console().file(), framesFile));
        files.addAll(machine.ramFiles());
        return files;
    }

    /** How the source introduces the guest. */
    Message.Hello hello(SourceOptions options, boolean populate) throws IOException {
        List<Message.Hello.Block> blocks = new ArrayList<>();
        for (RamBlock block : guest().blocks()) {
            MemFd file = block.file();
            blocks.add(new Message.Hello.Block(
                    block.spec(), block.mapping().address(), file == null ? null : describe(file)));
        }
        return new Message.Hello(
                Message.Hello.VERSION,
                Proc.pid(),
                token().epoch(),
                options.mechanism(),
                options.schedule(),
                options.gifts(),
                populate,
                options.mechanism() == Mechanism.GIFT && !options.samePipe(),
                guest().config(),
                describe(token().file()),
                describe(machine.oracle().file()),
                describe(machine.console().file()),
                describe(framesFile),
                blocks);
    }

    private static Message.Hello.File describe(MemFd file) throws IOException {
        return new Message.Hello.File(file.fd().number(), file.fd().inode());
    }

    @Override
    public void close() {
        machine.close();
        framesFile.close();
    }
}
