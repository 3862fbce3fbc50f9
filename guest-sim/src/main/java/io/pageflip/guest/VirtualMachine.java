package io.pageflip.guest;

import io.pageflip.os.NanoClock;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A guest in this process with everything it stands on, and the owner of all that: RAM, vCPUs, run token, oracle, console log.
 * The agent that made it and one that attached itself to it have the same, so that either can pass it on. Used by one thread.
 */
public final class VirtualMachine implements AutoCloseable {
    private final RunToken token;
    private final Oracle oracle;
    private final ConsoleLog console;
    private final Guest guest;

    private VirtualMachine(RunToken token, Oracle oracle, ConsoleLog console, Guest guest) {
        this.token = token;
        this.oracle = oracle;
        this.console = console;
        this.guest = guest;
    }

    /** A new one in memory; see {@link #create(GuestConfig, boolean, Path, NanoClock)}. */
    public static VirtualMachine create(GuestConfig config, boolean startsPrivate, NanoClock clock) throws IOException {
        return create(config, startsPrivate, null, clock);
    }

    /**
     * A new one, whose guest stands and has no page yet; this process holds its token.
     *
     * @param startsPrivate whether RAM is private memory at first, to be adopted
     * @param ramDirectory where the file of RAM in {@link Backing#FILE} takes its blocks; null with any other
     */
    public static VirtualMachine create(
            GuestConfig config, boolean startsPrivate, @Nullable Path ramDirectory, NanoClock clock)
            throws IOException {
        Deque<AutoCloseable> made = new ArrayDeque<>();
        try {
            RunToken token = RunToken.create();
            made.push(token);
            Oracle oracle = Oracle.create(config.blocks());
            made.push(oracle);
            ConsoleLog console = ConsoleLog.create();
            made.push(console);
            List<RamBlock> blocks = new ArrayList<>();
            for (BlockSpec spec : config.blocks()) {
                RamBlock block;
                if (ramDirectory != null && spec.backing() == Backing.FILE) {
                    block = RamBlock.createOnDisk(spec, ramDirectory);
                } else {
                    boolean adoptable = startsPrivate && blocks.size() == GuestConfig.RAM;
                    block = adoptable ? RamBlock.createPrivate(spec) : RamBlock.create(spec);
                }
                made.push(block);
                blocks.add(block);
            }
            return of(token, oracle, console, new Guest(config, blocks, oracle, console, clock));
        } catch (IOException | RuntimeException e) {
            closeAll(made);
            throw e;
        }
    }

    /** Everything that another process described, attached to piece by piece; owned from now on. */
    public static VirtualMachine of(RunToken token, Oracle oracle, ConsoleLog console, Guest guest) {
        return new VirtualMachine(token, oracle, console, guest);
    }

    public RunToken token() {
        return token;
    }

    public Oracle oracle() {
        return oracle;
    }

    public ConsoleLog console() {
        return console;
    }

    public Guest guest() {
        return guest;
    }

    @Override
    public void close() {
        guest.close(); // first: its vCPUs use the rest
        console.close();
        oracle.close();
        token.close();
    }

    /** Closes what was made, the last first; closing does not fail. */
    public static void closeAll(Deque<AutoCloseable> made) {
        while (!made.isEmpty()) {
            try {
                made.pop().close();
            } catch (Exception e) {
                throw new IllegalStateException("closing cannot fail", e);
            }
        }
    }
}
