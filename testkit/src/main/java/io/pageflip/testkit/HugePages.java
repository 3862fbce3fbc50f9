package io.pageflip.testkit;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.opentest4j.TestAbortedException;

/** Huge pages of 2 MiB that are reserved while a test needs them, and given back on every path, a signal's included. */
public final class HugePages implements AutoCloseable {
    private static final Path NUMBER = Path.of("/proc/sys/vm/nr_hugepages");

    private final long added;
    private final Thread hook = new Thread(this::giveBack, "huge-pages");
    private boolean reserved = true;

    private HugePages(long added) {
        this.added = added;
        Runtime.getRuntime().addShutdownHook(hook);
    }

    /** Reserves {@code pages} more than there are; skips the test, with the cause, where that is impossible. */
    public static HugePages reserve(int pages) throws IOException {
        if (!Files.isWritable(NUMBER)) {
            throw new TestAbortedException("no huge pages: " + NUMBER + " is not writable for this user");
        }
        long old = read();
        Files.writeString(NUMBER, Long.toString(old + pages));
        HugePages taken = new HugePages(read() - old);
        if (free() < pages) {
            taken.close();
            throw new TestAbortedException("no huge pages: the kernel found only " + taken.added + " of " + pages);
        }
        return taken;
    }

    private static long free() throws IOException {
        try (Stream<String> lines = Files.lines(Path.of("/proc/meminfo"))) {
            return lines.filter(line -> line.startsWith("HugePages_Free:"))
                    .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")))
                    .sum();
        }
    }

    private static long read() throws IOException {
        return Long.parseLong(Files.readAllLines(NUMBER).get(0));
    }

    private synchronized void giveBack() {
        if (reserved) {
            reserved = false;
            try {
                // Lowers the number by what was added, not to the old one: another test may have reserved some
                // meanwhile.
                Files.writeString(NUMBER, Long.toString(Math.max(0, read() - added)));
            } catch (IOException e) {
                throw new IllegalStateException("huge pages stay reserved: lower " + NUMBER + " by " + added, e);
            }
        }
    }

    @Override
    public void close() {
        giveBack();
        Runtime.getRuntime().removeShutdownHook(hook);
    }
}
