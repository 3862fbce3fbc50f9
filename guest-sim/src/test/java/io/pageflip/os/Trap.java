package io.pageflip.os;

import io.pageflip.testkit.Waiting;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Tells that a thread is trapped in a userfaultfd, without serving it. */
final class Trap {
    private Trap() {}

    /** Waits until the one userfaultfd of this process has a fault to report. */
    static void awaitFault() throws IOException {
        Fd fd = new Fd(number(), "userfaultfd of this process", Syscalls.LINUX);
        try {
            if (!fd.awaitReadable(Waiting.LIMIT_MS)) {
                throw new AssertionError("no thread was trapped within " + Waiting.LIMIT_MS + " ms");
            }
        } finally {
            fd.handOver(); // only borrowed
        }
    }

    private static int number() throws IOException {
        try (var descriptors = Files.newDirectoryStream(Path.of("/proc/self/fd"))) {
            for (Path descriptor : descriptors) {
                if (Files.isSymbolicLink(descriptor)
                        && Files.readSymbolicLink(descriptor).endsWith("anon_inode:[userfaultfd]")) {
                    return Integer.parseInt(descriptor.getFileName().toString());
                }
            }
        }
        throw new AssertionError("this process has no userfaultfd");
    }
}
