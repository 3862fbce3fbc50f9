package io.pageflip.process;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.stream.Stream;

/** The first vCPU's heartbeat, as anybody outside may watch it: in page 0 of the memfd {@code pageflip:ram}. */
final class Heartbeat {
    private static final long AT = 64;

    private final Path file;

    private Heartbeat(Path file) {
        this.file = file;
    }

    /** Of the guest in an agent, once it has one. */
    static Heartbeat of(Run agent) {
        return new Heartbeat(file(agent, "ram"));
    }

    /** A memfd of an agent, {@code ram} for one, once it has it: a path that can be opened as long as the agent lives. */
    static Path file(Run agent, String name) {
        Path[] found = new Path[1];
        Waiting.until("a memfd " + name + " among the files of " + agent, () -> {
            found[0] = find(agent.pid(), "/memfd:pageflip:" + name + " (deleted)");
            return found[0] != null;
        });
        return found[0];
    }

    private static Path find(long pid, String target) throws IOException {
        try (Stream<Path> files = Files.list(Path.of("/proc", Long.toString(pid), "fd"))) {
            return files.filter(link -> isLinkTo(link, target)).findFirst().orElse(null);
        }
    }

    private static boolean isLinkTo(Path link, String target) {
        try {
            return Files.readSymbolicLink(link).toString().equals(target);
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
