package io.pageflip.source;

import io.pageflip.guest.BlockSpec;
import io.pageflip.guest.ConsoleLog;
import io.pageflip.guest.Guest;
import io.pageflip.guest.GuestConfig;
import io.pageflip.guest.Oracle;
import io.pageflip.guest.RamBlock;
import io.pageflip.guest.RunToken;
import io.pageflip.os.MemFd;
import io.pageflip.os.NanoClock;
import io.pageflip.os.Proc;
import io.pageflip.transfer.Frames;
import io.pageflip.wire.Mechanism;
import io.pageflip.wire.Message;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;

/** Everything that the source makes for a guest, and owns: RAM, oracle, console log, frame numbers and run token. */
final class SourceMemory implements AutoCloseable {
    private final Deque<AutoCloseable> owned = new ArrayDeque<>();
    private final RunToken token;
    private final Oracle oracle;
    private final ConsoleLog console;
    private final MemFd framesFile;
    private final Guest guest;

    /** @param adopts whether RAM is private memory at first */
    SourceMemory(GuestConfig config, boolean adopts, NanoClock clock) throws IOException {
        List<BlockSpec> specs = config.blocks();
        try {
            token = own(RunToken.create());
            oracle = own(Oracle.create(specs));
            console = own(ConsoleLog.create());
            framesFile = own(Frames.createFile(specs));
            List<RamBlock> blocks = new ArrayList<>();
            for (BlockSpec spec : specs) {
                boolean startsPrivate = adopts && blocks.size() == GuestConfig.RAM;
                blocks.add(own(startsPrivate ? RamBlock.createPrivate(spec) : RamBlock.create(spec)));
            }
            guest = own(new Guest(config, blocks, oracle, console, clock));
        } catch (IOException | RuntimeException e) {
            close();
            throw e;
        }
    }

    private <T extends AutoCloseable> T own(T made) {
        owned.push(made);
        return made;
    }

    RunToken token() {
        return token;
    }

    Guest guest() {
        return guest;
    }

    Frames frames() {
        return new Frames(framesFile, guest.config().blocks());
    }

    /** The memfds, in the order of {@link Message.Hello#files}. */
    List<MemFd> files() {
        List<MemFd> files = new ArrayList<>(List.of(token.file(), oracle.file(), console.file(), framesFile));
        for (RamBlock block : guest.blocks()) {
            if (block.file() != null) {
                files.add(block.file());
            }
        }
        return files;
    }

    /** How the source introduces the guest. */
    Message.Hello hello(SourceOptions options, boolean populate) throws IOException {
        List<Message.Hello.Block> blocks = new ArrayList<>();
        for (RamBlock block : guest.blocks()) {
            MemFd file = block.file();
            blocks.add(new Message.Hello.Block(
                    block.spec(), block.mapping().address(), file == null ? null : describe(file)));
        }
        return new Message.Hello(
                Message.Hello.VERSION,
                Proc.pid(),
                token.epoch(),
                options.mechanism(),
                options.schedule(),
                options.gifts(),
                populate,
                options.mechanism() == Mechanism.GIFT && !options.samePipe(),
                guest.config(),
                describe(token.file()),
                describe(oracle.file()),
                describe(console.file()),
                describe(framesFile),
                blocks);
    }

    private static Message.Hello.File describe(MemFd file) throws IOException {
        return new Message.Hello.File(file.fd().number(), file.fd().inode());
    }

    @Override
    public void close() {
        while (!owned.isEmpty()) {
            try {
                owned.pop().close(); // the guest first, then what it stands on
            } catch (Exception e) {
                throw new IllegalStateException("closing cannot fail", e);
            }
        }
    }
}
