package io.pageflip.process;

import io.pageflip.testkit.Waiting;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** The first vCPU's heartbeat, as anybody outside may watch it: in page 0 of the memfd {@code pageflip:ram}. */
final class Heartbeat {
    private static final long AT = 64;

    private final Path file;

    private Heartbeat(Path file) {
        this.file = file;
    }

    /** Of the guest in an agent, once it has one. */
    static Heartbeat of(Run agent) {
        return of(agent, Set.of());
    }

    /**
     * Of the guest in memory of an agent's own, which is not that of {@code other}, though it may have descriptors of
     * both.
     */
    static Heartbeat of(Run agent, Run other) throws IOException {
        Set<Object> others = new HashSet<>();
        for (Path file : ram(other.pid())) {
            others.add(inode(file));
        }
        return of(agent, others);
    }

    private static Heartbeat of(Run agent, Set<Object> others) {
        Path[] found = new Path[1];
        Waiting.until("a guest's RAM among the files of " + agent, () -> {
            for (Path file : ram(agent.pid())) {
                if (found[0] == null && (others.isEmpty() || !others.contains(inode(file)))) {
                    found[0] = file;
                }
            }
            return found[0] != null;
        });
        return new Heartbeat(found[0]);
    }

    private static List<Path> ram(long pid) throws IOException {
        return files(pid, "ram");
    }

    private static List<Path> files(long pid, String name) throws IOException {
        try (Stream<Path> files = Files.list(Path.of("/proc", Long.toString(pid), "fd"))) {
            return files.filter(link -> isLinkTo(link, "/memfd:pageflip:" + name + " (deleted)"))
                    .toList();
        }
    }

    private static Object inode(Path file) throws IOException {
        return Files.getAttribute(file, "unix:ino");
    }

    /** A memfd of an agent, once it has it: a path that can be opened as long as the agent lives. */
    static Path file(Run agent, String name) {
        Path[] found = new Path[1];
        Waiting.until("a memfd " + name + " among the files of " + agent, () -> {
            found[0] = files(agent.pid(), name).stream().findFirst().orElse(null);
            return found[0] != null;
        });
        return found[0];
    }

    /** The RAM of the first guest that a command's agents have: a path as {@link #file}'s. */
    static Path ramOfAgents(Run command) {
        @Nullable Path[] found = new Path[1];
        Waiting.until("a guest's RAM among the files of the agents of " + command, () -> {
            for (ProcessHandle agent : command.process().descendants().toList()) {
                found[0] = found[0] == null ? ramOf(agent.pid()) : found[0];
            }
            return found[0] != null;
        });
        return found[0];
    }

    private static @Nullable Path ramOf(long pid) {
        try {
            return ram(pid).stream().findFirst().orElse(null);
        } catch (IOException e) {
            return null; // the process has ended meanwhile
        }
    }

    /** Whether it is this memfd, and has its length, which it gets a moment later. */
    private static boolean isLinkTo(Path link, String target) {
        try {
            return Files.readSymbolicLink(link).toString().equals(target) && Files.size(link) > 0;
        } catch (IOException e) {
            return false; // closed meanwhile
        }
    }

    /** The number of instructions that it has executed. */
    long count() throws IOException {
        ByteBuffer word = ByteBuffer.allocate(Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            channel.read(word, AT);
        }
        return word.getLong(0);
    }

    /** Waits until it beats on. */
    void awaitBeats() throws IOException {
        long before = count();
        Waiting.until("the guest's next heartbeat", () -> count() > before);
    }
}
