package io.pageflip.source;

import io.pageflip.guest.Guest;
import io.pageflip.guest.VirtualMachine;
import io.pageflip.ledger.Frames;
import io.pageflip.os.Fd;
import io.pageflip.os.MemFd;
import io.pageflip.os.NanoClock;
import io.pageflip.os.Proc;
import io.pageflip.ram.RamBlock;
import io.pageflip.request.Mechanism;
import io.pageflip.request.MigrationRequest;
import io.pageflip.send.FuseExport;
import io.pageflip.switchover.RunToken;
import io.pageflip.wire.Message;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Owns the guest that the source gives away, the memfd of its frame numbers, and the FUSE export of RAM in a file on a
 * disk.
 */
final class SourceMemory implements AutoCloseable {
    private final VirtualMachine machine;
    private final MemFd framesFile;
    private final NanoClock clock;
    private @Nullable FuseExport export;
    private boolean givenAway;

    /** @param machine taken over, even if this throws */
    SourceMemory(VirtualMachine machine, NanoClock clock) throws IOException {
        this.machine = machine;
        this.clock = clock;
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

    /** The descriptors of {@link Message.Hello#files}, in that order. Call {@link #hello} before. */
    List<Fd> files() {
        List<Fd> files = new ArrayList<>();
        for (MemFd file : List.of(
                token().file(), machine.oracle().file(), machine.console().file(), framesFile)) {
            files.add(file.fd());
        }
        for (RamBlock block : guest().blocks()) {
            Fd file = fileOf(block);
            if (file != null) {
                files.add(file);
            }
        }
        return files;
    }

    /** The file that the destination maps for a block; null if it maps none. */
    private @Nullable Fd fileOf(RamBlock block) {
        if (block.disk() != null) {
            return export == null ? null : export.file();
        }
        return block.file() == null ? null : block.file().fd();
    }

    /** The export of RAM that lies in a file on a disk. Call {@link #hello} before. */
    FuseExport requireExport() {
        if (export == null) {
            throw new IllegalStateException("this guest's RAM lies in no file on a disk");
        }
        return export;
    }

    /** Ends the export: the destination is no longer served. */
    void endExport() {
        if (export != null) {
            export.close();
            export = null;
        }
    }

    /** Makes the greeting that describes the guest; starts the export if RAM lies in a file on a disk. */
    Message.Hello hello(MigrationRequest request, boolean populate) throws IOException {
        List<Message.Hello.Block> blocks = new ArrayList<>();
        for (RamBlock block : guest().blocks()) {
            if (block.disk() != null && export == null) {
                export = FuseExport.start(block, request.gifts(), clock);
            }
            Fd file = fileOf(block);
            blocks.add(new Message.Hello.Block(
                    block.spec(), block.mapping().address(), file == null ? null : describe(file)));
        }
        return new Message.Hello(
                Message.Hello.VERSION,
                Proc.pid(),
                token().ownEpoch(),
                request.mechanism(),
                request.schedule(),
                request.gifts(),
                populate,
                request.mechanism() == Mechanism.GIFT && !request.samePipe(),
                guest().config(),
                request.scenario(),
                describe(token().file().fd()),
                describe(machine.oracle().file().fd()),
                describe(machine.console().file().fd()),
                describe(framesFile.fd()),
                blocks);
    }

    private static Message.Hello.File describe(Fd file) throws IOException {
        return new Message.Hello.File(file.number(), file.inode());
    }

    /** From now on, whoever made this object owns the guest. */
    void giveAway() {
        givenAway = true;
    }

    @Override
    public void close() {
        endExport(); // first: it reads what the guest owns
        if (!givenAway) {
            machine.close();
        }
        framesFile.close();
    }
}
