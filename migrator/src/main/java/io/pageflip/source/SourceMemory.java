package io.pageflip.source;

import io.pageflip.guest.Backing;
import io.pageflip.guest.BlockSpec;
import io.pageflip.guest.ConsoleLog;
import io.pageflip.guest.Guest;
import io.pageflip.guest.GuestConfig;
import io.pageflip.guest.Oracle;
import io.pageflip.guest.RamBlock;
import io.pageflip.guest.RunToken;
import io.pageflip.os.Fd;
import io.pageflip.os.MemFd;
import io.pageflip.os.NanoClock;
import io.pageflip.os.Proc;
import io.pageflip.transfer.Frames;
import io.pageflip.transfer.FuseExport;
import io.pageflip.wire.Mechanism;
import io.pageflip.wire.Message;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Everything that the source makes for a guest, and owns: RAM, oracle, console log, frame numbers and run token. */
final class SourceMemory implements AutoCloseable {
    private final Deque<AutoCloseable> owned = new ArrayDeque<>();
    private final RunToken token;
    private final Oracle oracle;
    private final ConsoleLog console;
    private final MemFd framesFile;
    private final Guest guest;
    private final NanoClock clock;
    private @Nullable FuseExport export;

    SourceMemory(GuestConfig config, NanoClock clock) throws IOException {
        this(config, null, clock);
    }

    /** @param ramDirectory of {@link SourceOptions} */
    SourceMemory(GuestConfig config, @Nullable Path ramDirectory, NanoClock clock) throws IOException {
        List<BlockSpec> specs = config.blocks();
        this.clock = clock;
        try {
            token = own(RunToken.create());
            oracle = own(Oracle.create(specs));
            console = own(ConsoleLog.create());
            framesFile = own(Frames.createFile(specs));
            List<RamBlock> blocks = new ArrayList<>();
            for (BlockSpec spec : specs) {
                blocks.add(own(
                        ramDirectory != null && spec.backing() == Backing.FILE
                                ? RamBlock.createOnDisk(spec, ramDirectory)
                                : RamBlock.create(spec)));
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

    /** The files, in the order of {@link Message.Hello#files}; to be asked for after {@link #hello}. */
    List<Fd> files() {
        List<Fd> files = new ArrayList<>();
        for (MemFd file : List.of(token.file(), oracle.file(), console.file(), framesFile)) {
            files.add(file.fd());
        }
        for (RamBlock block : guest.blocks()) {
            Fd file = fileOf(block);
            if (file != null) {
                files.add(file);
            }
        }
        return files;
    }

    /** What the destination maps in the place of a block. */
    private @Nullable Fd fileOf(RamBlock block) {
        if (block.disk() != null) {
            return export == null ? null : export.file();
        }
        return block.file() == null ? null : block.file().fd();
    }

    /** The export of RAM that lies in a file on a disk, once the guest was introduced; null with any other RAM. */
    @Nullable
    FuseExport export() {
        return export;
    }

    /** Serves the destination no longer. */
    void endExport() {
        if (export != null) {
            export.close();
            export = null;
        }
    }

    /** How the source introduces the guest. */
    Message.Hello hello(SourceOptions options, boolean populate) throws IOException {
        List<Message.Hello.Block> blocks = new ArrayList<>();
        for (RamBlock block : guest.blocks()) {
            if (block.disk() != null && export == null) {
                export = FuseExport.start(block, options.gifts(), clock);
            }
            Fd file = fileOf(block);
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
                describe(token.file().fd()),
                describe(oracle.file().fd()),
                describe(console.file().fd()),
                describe(framesFile.fd()),
                blocks);
    }

    private static Message.Hello.File describe(Fd file) throws IOException {
        return new Message.Hello.File(file.number(), file.inode());
    }

    @Override
    public void close() {
        endExport(); // first: it reads what the guest owns
        while (!owned.isEmpty()) {
            try {
                owned.pop().close(); // the guest first, then what it stands on
            } catch (Exception e) {
                throw new IllegalStateException("closing cannot fail", e);
            }
        }
    }
}
