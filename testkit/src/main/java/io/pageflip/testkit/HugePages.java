package io.pageflip.testkit;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.opentest4j.TestAbortedException;

/**
 * Huge pages of 2 MiB that are reserved while a test needs them, and given back on every path, a signal's included.
 * They are the whole host's, and tests count them: only one JVM at a time can have them; others wait.
 */
public final class HugePages implements AutoCloseable {
    private static final Path NUMBER = Path.of("/proc/sys/vm/nr_hugepages");

    /**
     * The file that is locked: a lock of fcntl(2) goes when its process closes any descriptor of the file, so it is one
     * that nobody else opens. It is there anyway, so nothing is left.
     */
    private static final Path LOCKED = Path.of("/proc/sys/vm/hugetlb_shm_group");

    private final @Nullable FileChannel lock;
    private final Thread hook = new Thread(this::giveBack, "huge-pages");
    private long added;
    private long free;
    private boolean reserved = true;

    private HugePages(@Nullable FileChannel lock) {
        this.lock = lock;
        Runtime.getRuntime().addShutdownHook(hook);
    }

    /**
     * Reserves {@code pages} more than there are; skips the test, with the cause, where that is impossible.
     *
     * @param pages may be 0, for a test that only counts on nobody else's reserving any
     */
    public static HugePages reserve(int pages) throws IOException {
        if (pages > 0 && !Files.isWritable(NUMBER)) {
            throw skipped("no huge pages: " + NUMBER + " is not writable for this user");
        }
        HugePages taken = new HugePages(lock());
        if (pages > 0) {
            long old = read();
            Files.writeString(NUMBER, Long.toString(old + pages));
            taken.added = read() - old;
        }
        taken.free = free();
        if (taken.free < pages) {
            taken.close();
            throw skipped("no huge pages: the kernel found only " + taken.added + " of " + pages);
        }
        return taken;
    }

    private static TestAbortedException skipped(String cause) {
        System.err.println("skipped: " + cause);
        return new TestAbortedException(cause);
    }

    private static @Nullable FileChannel lock() throws IOException {
        if (!Files.isWritable(LOCKED)) {
            return null; // then this user cannot reserve any either
        }
        FileChannel channel = FileChannel.open(LOCKED, StandardOpenOption.READ, StandardOpenOption.WRITE);
        channel.lock();
        return channel;
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
                if (added > 0) {
                    Files.writeString(NUMBER, Long.toString(Math.max(0, read() - added)));
                }
                if (lock != null) {
                    lock.close();
                }
            } catch (IOException e) {
                throw new IllegalStateException("huge pages stay reserved: lower " + NUMBER + " by " + added, e);
            }
        }
    }

    /** Gives them back, all of which must be free again. */
    @Override
    public void close() {
        long left;
        try {
            left = free();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } finally {
            giveBack();
            Runtime.getRuntime().removeShutdownHook(hook);
        }
        if (left < free) {
            throw new AssertionError(free - left + " huge pages are still in use");
        }
    }
}
