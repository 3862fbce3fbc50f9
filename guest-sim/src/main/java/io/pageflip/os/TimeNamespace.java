package io.pageflip.os;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The time namespace of this process (time_namespaces(7)), in which {@code CLOCK_MONOTONIC} may differ from the host's.
 *
 * @param offsetNs what this process's clock shows more than the host's, in nanoseconds; 0 if that is not known
 * @param clock which clock readings less {@code offsetNs} belong to: {@link #HOST_CLOCK} for the host's, else the
 *     number of the namespace, or {@link #UNKNOWN_CLOCK}. Readings of two processes may be compared if both have the
 *     same known clock.
 */
public record TimeNamespace(long offsetNs, long clock) {
    public static final long HOST_CLOCK = 0;
    public static final long UNKNOWN_CLOCK = -1;

    private static final Pattern OFFSET = Pattern.compile("monotonic\\s+(-?\\d{1,9})\\s+(\\d{1,9})\\s*");
    private static final Pattern LINK = Pattern.compile("\\w+:\\[(\\d{1,18})]");
    private static final long NS_PER_S = 1_000_000_000;

    /** That of this process, which cannot change while it has more than one thread. */
    public static final TimeNamespace OWN = read(Path.of("/proc/self"));

    /** @param process its folder in {@code /proc} */
    static TimeNamespace read(Path process) {
        Path folder = process.resolve("ns");
        if (!Files.exists(folder.resolve("time"), LinkOption.NOFOLLOW_LINKS)) {
            // A kernel without CONFIG_TIME_NS, or before 5.6, has one clock. The folder is there however the kernel was
            // built (fs/proc/base.c), perhaps empty; a /proc that is not mounted says nothing.
            return new TimeNamespace(0, Files.exists(folder) ? HOST_CLOCK : UNKNOWN_CLOCK);
        }
        try {
            long own = number(Files.readSymbolicLink(folder.resolve("time")));
            // The offsets are those of the namespace of children, which is almost always this one.
            boolean known = own == number(Files.readSymbolicLink(folder.resolve("time_for_children")));
            return known ? new TimeNamespace(offset(process), HOST_CLOCK) : new TimeNamespace(0, own);
        } catch (IOException e) {
            return new TimeNamespace(0, UNKNOWN_CLOCK);
        }
    }

    private static long number(Path link) throws IOException {
        Matcher matcher = LINK.matcher(link.toString());
        if (!matcher.matches()) {
            throw new IOException("no namespace: " + link);
        }
        return Long.parseLong(matcher.group(1));
    }

    private static long offset(Path process) throws IOException {
        for (String line : Files.readAllLines(process.resolve("timens_offsets"))) {
            Matcher matcher = OFFSET.matcher(line);
            if (matcher.matches()) {
                return Long.parseLong(matcher.group(1)) * NS_PER_S + Long.parseLong(matcher.group(2));
            }
        }
        throw new IOException("no offset of CLOCK_MONOTONIC");
    }
}
