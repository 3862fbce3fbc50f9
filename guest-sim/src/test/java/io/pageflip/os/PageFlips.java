package io.pageflip.os;

import static io.pageflip.os.Samples.PAGE;

import io.pageflip.testkit.Waiting;
import java.io.IOException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;

/**
 * A process that flips pages between two mappings of its own and gets a thread trapped, and says what came of it: as
 * another user than the tests run as, and where a deadlock of the JVM must not be the tests' own.
 */
final class PageFlips {
    private static final int PAGES = 16;

    private PageFlips() {}

    public static void main(String[] arguments) throws Exception {
        boolean forceUserModeOnly = arguments.length > 0;
        try (MemFd file = MemFd.create("ram", PAGES * PAGE, false);
                Mapping source = Mapping.shared(file);
                Mapping destination = Mapping.shared(file)) {
            for (long page = 0; page < PAGES - 1; page++) { // the last one stays a hole
                source.setLong(page * PAGE, 900 + page);
            }
            long wanted = Userfaultfd.FEATURE_MINOR_SHMEM;
            try (Userfaultfd uffd =
                    forceUserModeOnly ? Userfaultfd.open(Syscalls.LINUX, true, wanted) : Userfaultfd.open(wanted)) {
                System.out.println("user mode only: " + uffd.userModeOnly());
                uffd.registerMinor(destination);
                source.dropEntries(0, PAGES * PAGE);
                flip(uffd, destination);
            }
            trap(file, forceUserModeOnly);
        }
    }

    private static void flip(Userfaultfd uffd, Mapping destination) throws IOException {
        System.out.println("four pages: " + uffd.continueRange(destination, 0, 4 * PAGE));
        System.out.println("content: " + destination.getLong(3 * PAGE));
        System.out.println("present: " + uffd.continueRange(destination, 3 * PAGE, PAGE));
        System.out.println("hole: " + uffd.continueRange(destination, (PAGES - 1) * PAGE, PAGE));
        System.out.println("up to the hole: " + uffd.continueRange(destination, (PAGES - 3) * PAGE, 3 * PAGE));
    }

    /** A thread waits for a page that nobody maps; the collector runs meanwhile; closing the userfaultfd lets it go. */
    private static void trap(MemFd file, boolean userModeOnly) throws Exception {
        try (Mapping mapping = Mapping.shared(file)) {
            mapping.populate(0, PAGE);
            Userfaultfd uffd = Userfaultfd.open(Syscalls.LINUX, userModeOnly, Userfaultfd.FEATURE_MINOR_SHMEM);
            uffd.registerMinor(mapping);
            mapping.dropEntries(0, PAGES * PAGE);
            FutureTask<Long> touch = new FutureTask<>(() -> mapping.getLong(2 * PAGE));
            Thread thread = new Thread(touch, "trapped");
            thread.setDaemon(true);
            thread.start();
            Trap.awaitFault();
            for (int i = 0; i < 5; i++) {
                System.gc();
            }
            System.out.println("collected, trapped: " + !touch.isDone());
            uffd.close();
            System.out.println("woken with: " + touch.get(Waiting.LIMIT_MS, TimeUnit.MILLISECONDS));
        }
    }
}
