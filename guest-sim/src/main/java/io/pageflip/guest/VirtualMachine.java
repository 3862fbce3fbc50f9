package io.pageflip.guest;

import io.pageflip.os.NanoClock;
import io.pageflip.os.Resources;
import io.pageflip.ram.BlockSpec;
import io.pageflip.ram.RamBlock;
import io.pageflip.switchover.RunToken;
import io.pageflip.verification.Oracle;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;

/**
 * Owns a guest in this process, and everything that it needs: RAM, vCPUs, run token, oracle, console log. The agent
 * that made the guest and an agent that attached to it have the same parts, so that either can pass it on. Used by one
 * thread.
 */
public final class VirtualMachine implements AutoCloseable {
    private final RunToken token;
    private final Oracle oracle;
    private final ConsoleLog console;
    private final Guest guest;
    private boolean closed;

    private VirtualMachine(RunToken token, Oracle oracle, ConsoleLog console, Guest guest) {
        this.token = token;
        this.oracle = oracle;
        this.console = console;
        this.guest = guest;
        GuestsHere.add(this);
    }

    /** Makes the memory of a RAM block; by default {@link RamBlock#create}. */
    @FunctionalInterface
    public interface BlockMaker {
        RamBlock make(BlockSpec spec) throws IOException;
    }

    /**
     * Makes a virtual machine whose guest is paused and has no page yet; this process holds its token.
     *
     * @param maker makes its RAM blocks
     */
    public static VirtualMachine create(GuestConfig config, BlockMaker maker, NanoClock clock) throws IOException {
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
                RamBlock block = maker.make(spec);
                made.push(block);
                blocks.add(block);
            }
            return of(token, oracle, console, new Guest(config, blocks, oracle, console, clock));
        } catch (IOException | RuntimeException e) {
            Resources.closeAll(made);
            throw e;
        }
    }

    /**
     * A virtual machine of parts that another process described and this one has attached to; it owns them from now on.
     */
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

    /**
     * Whether the guest is lost if this process ends: it has run here, and no other agent has its state. Any thread may
     * ask.
     */
    synchronized boolean endsWithThisProcess() {
        return !closed && guest.hasRun() && !token.page().isSaved(token.ownEpoch());
    }

    private synchronized void end() {
        closed = true;
    }

    @Override
    public void close() {
        end();
        GuestsHere.remove(this);
        guest.close(); // first: its vCPUs use the rest
        console.close();
        oracle.close();
        token.close();
    }
}
