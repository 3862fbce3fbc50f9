package io.pageflip.guest;

import static org.assertj.core.api.Assertions.assertThat;

import io.pageflip.heartbeat.GuestInfoPage;
import io.pageflip.memory.BasePage;
import io.pageflip.os.Mapping;
import io.pageflip.os.MemFd;
import io.pageflip.os.NanoClock;
import io.pageflip.os.NativeBuffer;
import io.pageflip.ram.Backing;
import io.pageflip.ram.BlockSpec;
import io.pageflip.ram.ExceptionalPages;
import io.pageflip.ram.RamBlock;
import io.pageflip.switchover.RunToken;
import io.pageflip.switchover.SwitchoverPage;
import io.pageflip.testkit.Waiting;
import io.pageflip.verification.Oracle;
import io.pageflip.verification.Verification;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** A guest with everything around it, and what tests do to it. */
final class Machine implements AutoCloseable {
    static final int PAGE = BasePage.BYTES;

    private final GuestConfig config;
    private final Oracle oracle;
    private final ConsoleLog log;
    private final Guest guest;
    private final RunToken token;

    private Machine(GuestConfig config, List<RamBlock> blocks, Oracle oracle, ConsoleLog log, NanoClock clock)
            throws IOException {
        this.token = RunToken.create();
        this.config = config;
        this.oracle = oracle;
        this.log = log;
        this.guest = new Guest(config, blocks, oracle, log, clock);
    }

    /** 2 MiB of RAM, a hundred percent filled, one vCPU that writes anywhere. */
    static GuestConfig small() {
        return config(2 << 20, Backing.MEMFD, 1, Workload.UNIFORM, 100);
    }

    static GuestConfig config(long ramBytes, Backing backing, int vcpus, Workload workload, int fillPercent) {
        return new GuestConfig(ramBytes, backing, vcpus, workload, 20_000, 10, fillPercent, 20130726);
    }

    /** A guest that was never powered on. */
    static Machine make(GuestConfig config, NanoClock clock) throws IOException {
        List<RamBlock> blocks = new ArrayList<>();
        for (BlockSpec spec : config.blocks()) {
            blocks.add(RamBlock.create(spec));
        }
        return new Machine(config, blocks, Oracle.create(config.blocks()), ConsoleLog.create(), clock);
    }

    /** The same, of a guest whose RAM is private memory until it is adopted. */
    static Machine makePrivate(GuestConfig config) throws IOException {
        List<RamBlock> blocks = new ArrayList<>();
        for (BlockSpec spec : config.blocks()) {
            blocks.add(
                    blocks.isEmpty()
                            ? RamBlock.create(spec, ExceptionalPages.untilAdoption(spec))
                            : RamBlock.create(spec));
        }
        return new Machine(config, blocks, Oracle.create(config.blocks()), ConsoleLog.create(), NanoClock.SYSTEM);
    }

    /** A guest that was powered on and stands. */
    static Machine powerOn(GuestConfig config) throws IOException {
        Machine machine = make(config, NanoClock.SYSTEM);
        machine.guest.powerOn(pages -> {});
        return machine;
    }

    /** Another guest on the same memory, as the destination makes it; what cannot be shared is copied. */
    Machine successor() throws IOException {
        List<RamBlock> blocks = new ArrayList<>();
        for (RamBlock block : guest.blocks()) {
            MemFd file = block.file();
            if (file != null) {
                blocks.add(RamBlock.attach(block.spec(), same(file)));
            } else {
                RamBlock copy = RamBlock.create(block.spec());
                NativeBuffer page = NativeBuffer.allocate(PAGE);
                for (long at = 0; at < block.mapping().length(); at += PAGE) {
                    block.mapping().copyOut(at, page, PAGE);
                    copy.mapping().copyIn(at, page, PAGE);
                }
                blocks.add(copy);
            }
        }
        Oracle sameOracle = Oracle.attach(same(oracle.file()), config.blocks());
        return new Machine(config, blocks, sameOracle, ConsoleLog.attach(same(log.file())), NanoClock.SYSTEM);
    }

    private static MemFd same(MemFd file) throws IOException {
        return MemFd.adopt(file.fd().duplicate(), file.name(), file.length());
    }

    Guest guest() {
        return guest;
    }

    /** The state of the standing guest, on a page of this machine's. */
    SwitchoverPage save() {
        guest.save(token.page());
        return token.page();
    }

    Oracle oracle() {
        return oracle;
    }

    Mapping memory(int block) {
        return guest.blocks().get(block).mapping();
    }

    /** Waits until every vCPU has executed {@code count} more instructions. */
    void awaitInstructions(long count) {
        GuestInfoPage info = new GuestInfoPage(guest.blocks().get(GuestConfig.RAM));
        for (int i = 0; i < config.vcpus(); i++) {
            int vcpu = i;
            long goal = info.heartbeat(i) + count;
            Waiting.until("instruction " + goal + " of vCPU " + i, () -> info.heartbeat(vcpu) >= goal);
        }
    }

    void awaitPagesWritten(long count) {
        long goal = guest.pagesWritten() + count;
        Waiting.until(goal + " pages written", () -> guest.pagesWritten() >= goal);
    }

    /** Waits until the guest has put out {@code lines} lines since its power-on. */
    void awaitConsoleLines(int lines) {
        Waiting.until(lines + " lines on the console", () -> log.appended() >= lines * 32L);
    }

    /** What the console has put out, as anybody sees it who opens its file. */
    byte[] consoleOutput() throws IOException {
        NativeBuffer counter = NativeBuffer.allocate(8);
        log.file().read(0, counter, 8);
        byte[] text = new byte[Math.toIntExact(counter.bytes().getLong(0))];
        NativeBuffer content = NativeBuffer.allocate(Math.max(1, text.length));
        log.file().read(64, content, text.length);
        content.bytes().get(0, text);
        return text;
    }

    /** Overwrites the file that the console has put out. */
    void tamperConsole(long offset, NativeBuffer with, int bytes) throws IOException {
        log.file().write(offset, with, bytes);
    }

    /** The bytes of a page of a block. */
    byte[] page(int block, long page) {
        NativeBuffer buffer = NativeBuffer.allocate(PAGE);
        memory(block).copyOut(page * PAGE, buffer, PAGE);
        byte[] bytes = new byte[PAGE];
        buffer.bytes().get(0, bytes);
        return bytes;
    }

    /** Writes bytes into a page of a block behind the guest's back. */
    void overwrite(int block, long page, int at, byte[] bytes, int count) {
        NativeBuffer buffer = NativeBuffer.allocate(count);
        buffer.bytes().put(0, bytes, 0, count);
        memory(block).copyIn(page * PAGE + at, buffer, count);
    }

    /** Everything that a running guest changes. */
    List<byte[]> snapshot() throws IOException {
        List<byte[]> all = new ArrayList<>();
        for (int block = 0; block < config.blocks().size(); block++) {
            for (long page = 0; page < config.blocks().get(block).pages(); page++) {
                all.add(page(block, page));
            }
        }
        all.add(consoleOutput());
        return all;
    }

    void verifyMatches() throws IOException {
        Verification found = guest.verify();
        assertThat(found.matches()).as(found.toString()).isTrue();
        assertThat(found.pages())
                .isEqualTo(config.blocks().stream()
                        .mapToLong(BlockSpec::oraclePages)
                        .sum());
    }

    @Override
    public void close() {
        guest.close();
        token.close();
        oracle.close();
        log.close();
    }
}
