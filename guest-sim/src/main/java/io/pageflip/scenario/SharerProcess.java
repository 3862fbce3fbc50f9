package io.pageflip.scenario;

import io.pageflip.os.Fd;
import io.pageflip.os.Mapping;
import io.pageflip.os.MemFd;
import io.pageflip.os.Proc;
import io.pageflip.os.ProcessOutput;
import io.pageflip.os.Resources;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Deque;

/**
 * The main class of the process that a {@link Sharer} owns. Its arguments name a memfd of another process: {@code PID
 * DESCRIPTOR NAME BYTES}. Standard input has a line {@code OFFSET BYTES} for each range, and an empty one; when all
 * ranges are mapped, the process writes {@link #MAPPED}. It ends when standard input does.
 */
final class SharerProcess {
    static final String MAPPED = "mapped";

    private SharerProcess() {}

    public static void main(String[] arguments) throws IOException {
        Proc.dieWithParent();
        Fd fd = Fd.openOfProcess(Integer.parseInt(arguments[0]), Integer.parseInt(arguments[1]));
        Deque<AutoCloseable> made = new ArrayDeque<>();
        try (BufferedReader input = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
                OutputStream output = ProcessOutput.open()) {
            MemFd file = MemFd.adopt(fd, arguments[2], Long.parseLong(arguments[3]));
            made.push(file);
            for (String line = input.readLine(); line != null && !line.isEmpty(); line = input.readLine()) {
                int blank = line.indexOf(' ');
                long offset = Long.parseLong(line.substring(0, blank));
                long bytes = Long.parseLong(line.substring(blank + 1));
                Mapping mapping = Mapping.sharedForReading(file, offset, bytes);
                made.push(mapping);
                touch(mapping, file, offset, bytes);
            }
            output.write((MAPPED + "\n").getBytes(StandardCharsets.UTF_8));
            while (input.readLine() != null) {
                // nothing else is ever sent: this waits for the end
            }
        } finally {
            Resources.closeAll(made);
        }
    }

    /** Touches the pages that hold data, and no hole, which a touch would fill. */
    private static void touch(Mapping mapping, MemFd file, long offset, long bytes) throws IOException {
        long end = offset + bytes;
        for (long from = file.nextData(offset); from >= 0 && from < end; ) {
            long to = Math.min(end, file.nextHole(from));
            mapping.populateRead(from - offset, to - from);
            from = to < end ? file.nextData(to) : -1;
        }
    }
}
