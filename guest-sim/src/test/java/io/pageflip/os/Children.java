package io.pageflip.os;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;

/** What child processes of the tests do; the first argument says which. */
final class Children {
    private static final BufferedReader INPUT =
            new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));

    private Children() {}

    public static void main(String[] arguments) throws IOException {
        switch (arguments[0]) {
            case "lock" -> lock(Integer.parseInt(arguments[1]), Integer.parseInt(arguments[2]));
            case "clock" -> clock();
            case "memory" -> memory();
            case "wake" -> wake(Integer.parseInt(arguments[1]), Integer.parseInt(arguments[2]));
            case "streams" -> streams();
            case "connect" -> connect(arguments[1]);
            default -> throw new IllegalArgumentException(arguments[0]);
        }
    }

    private static void say(Object what) {
        System.out.println(what);
    }

    private static void awaitLine() throws IOException {
        INPUT.readLine();
    }

    /** Takes the lock on another process's memfd, and keeps it. */
    private static void lock(int pid, int number) throws IOException {
        try (MemFd file = MemFd.adopt(Fd.openOfProcess(pid, number), "token", Samples.PAGE);
                OfdLock lock = OfdLock.on(file)) {
            say(lock.tryLock() ? "locked" : "refused");
            awaitLine();
        }
    }

    private static void clock() throws IOException {
        say("ready");
        for (int i = 0; i < 20; i++) {
            awaitLine();
            say(NanoClock.SYSTEM.nanoTime());
        }
    }

    /** Shows four numbered pages to whoever may read them. */
    private static void memory() throws IOException {
        ProcessMemory.allowReader(0);
        try (Mapping mapping = Mapping.anonymous("shown", 4 * Samples.PAGE)) {
            Samples.number(mapping, 500);
            say(mapping.address());
            awaitLine();
        }
    }

    /** Changes the word that another process waits for. */
    private static void wake(int pid, int number) throws IOException {
        try (MemFd file = MemFd.adopt(Fd.openOfProcess(pid, number), "word", Samples.PAGE);
                Mapping mapping = Mapping.shared(file)) {
            say("ready");
            awaitLine();
            mapping.setInt(128, 99);
            new Futex(mapping, 64).setAndWake(7);
            awaitLine();
        }
    }

    /** Keeps its standard output for pages, whatever anybody prints. */
    private static void streams() throws IOException {
        try (Fd out = Fd.reopenStandardPipe(1)) {
            Fd.redirectStandard(1);
            Fd.redirectStandard(0);
            say("a warning of somebody");
            NativeBuffer text = NativeBuffer.allocate(6);
            text.bytes().put("pages\n".getBytes(StandardCharsets.US_ASCII));
            SyscallException.check(out.write(text, 0, 6), "write");
            System.err.println("standard input ends: " + System.in.read());
            System.err.println("a terminal: " + Terminal.isStandardError());
        }
    }

    private static void connect(String path) throws IOException {
        try (UnixSocket socket = UnixSocket.connect(path)) {
            say("server is " + socket.peer().pid());
            awaitLine();
        }
    }
}
