package io.pageflip.guest;

import io.pageflip.os.Fd;
import io.pageflip.os.Mapping;
import io.pageflip.os.MemFd;
import io.pageflip.os.NanoClock;
import io.pageflip.os.Userfaultfd;
import io.pageflip.ram.Backing;
import io.pageflip.ram.BlockSpec;
import io.pageflip.ram.RamBlock;
import io.pageflip.switchover.Ownership;
import io.pageflip.switchover.RunToken;
import io.pageflip.testkit.Waiting;
import io.pageflip.verification.Oracle;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** What child processes of the guest's tests do; the first argument says which. */
public final class GuestChildren {
    private static final BufferedReader INPUT =
            new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));

    private GuestChildren() {}

    public static void main(String[] arguments) throws IOException {
        switch (arguments[0]) {
            case "token" -> token(Integer.parseInt(arguments[1]), Integer.parseInt(arguments[2]));
            case "trapped" -> trapped();
            default -> throw new IllegalArgumentException(arguments[0]);
        }
    }

    private static void say(String what) {
        System.out.println(what);
    }

    /** The other agent: does as it is told with a token that another process made. */
    private static void token(int pid, int number) throws IOException {
        MemFd file = MemFd.adopt(Fd.openOfProcess(pid, number), "token", RunToken.lengthBytes());
        try (RunToken token = RunToken.attach(file)) {
            say("epoch " + token.epoch());
            for (String order = INPUT.readLine(); order != null; order = INPUT.readLine()) {
                switch (order) {
                    case "lock" -> say("locked: " + token.tryLock());
                    case "claim" -> {
                        new Ownership(token, token.epoch()).take();
                        token.wakeWaiters();
                        say("epoch " + token.epoch());
                    }
                    default -> throw new IllegalArgumentException(order);
                }
            }
        }
    }

    /** A guest whose pages trap goes on once they are let go, and the collector does not wait for it. */
    private static void trapped() throws IOException {
        GuestConfig config = new GuestConfig(2 << 20, Backing.MEMFD, 2, Workload.UNIFORM, 20_000, 10, 100, 1);
        List<RamBlock> blocks = new ArrayList<>();
        for (BlockSpec spec : config.blocks()) {
            blocks.add(RamBlock.create(spec));
        }
        try (Oracle oracle = Oracle.create(config.blocks());
                ConsoleLog log = ConsoleLog.create();
                Guest guest = new Guest(config, blocks, oracle, log, NanoClock.SYSTEM)) {
            guest.powerOn(pages -> {});
            Mapping vram = blocks.get(GuestConfig.VRAM).mapping();
            long before;
            try (Userfaultfd uffd = Userfaultfd.open(Userfaultfd.FEATURE_MINOR_SHMEM)) {
                uffd.registerMinor(vram);
                guest.resume();
                guest.awaitFirstInstructions(Waiting.LIMIT_NS);
                vram.dropEntries(0, vram.length());
                awaitStandstill(guest);
                before = guest.instructions();
                for (int i = 0; i < 5; i++) {
                    System.gc();
                }
                say("stands while trapped: " + (guest.instructions() == before));
            }
            long deadline = System.nanoTime() + Waiting.LIMIT_NS;
            while (guest.instructions() < before + 1000 && System.nanoTime() < deadline) {
                Thread.onSpinWait();
            }
            guest.stop();
            guest.checkVcpus();
            say("goes on: " + (guest.instructions() >= before + 1000));
            say("matches: " + guest.verify().matches());
        }
    }

    /** Waits until no vCPU has executed anything for 50 ms: all are trapped. */
    private static void awaitStandstill(Guest guest) throws IOException {
        long deadline = System.nanoTime() + Waiting.LIMIT_NS;
        long count = guest.instructions();
        long since = System.nanoTime();
        while (System.nanoTime() - since < 50_000_000) {
            if (guest.instructions() != count) {
                count = guest.instructions();
                since = System.nanoTime();
            }
            if (System.nanoTime() > deadline) {
                throw new IOException("the guest runs though its pages trap");
            }
        }
    }
}
