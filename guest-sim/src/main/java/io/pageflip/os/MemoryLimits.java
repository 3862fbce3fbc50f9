package io.pageflip.os;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;

/**
 * How much memory this process can still get: from the host, its control groups (cgroups(7), of both versions) and its
 * resource limits (getrlimit(2)). What cannot be read, as in a {@code /proc} that shows processes only, limits nothing.
 * Any thread may call it. Sizes are in bytes.
 */
public final class MemoryLimits {
    private static final Path GROUPS = Path.of("/sys/fs/cgroup");
    private static final String HUGE_PAGES = "/sys/kernel/mm/hugepages/hugepages-2048kB/";
    private static final long HUGE_BYTES = Mapping.HUGE_PAGE;

    private MemoryLimits() {}

    /**
     * One limit.
     *
     * @param name what limits, for a message, as in "memory.max of the control group /system"; empty if it is the host
     *     itself
     * @param availableBytes what is left of it
     */
    public record Limit(String name, long availableBytes) {
        /** What the host itself has. */
        public static Limit ofHost(long availableBytes) {
            return new Limit("", availableBytes);
        }
    }

    /** The limit of which the least is left, of those that count for memory of 4 KiB pages. */
    public static Limit memory() {
        List<Limit> limits = new ArrayList<>();
        limits.add(Limit.ofHost(hostBytes()));
        groups("memory").forEach(group -> addMemory(limits, group));
        return tightest(limits);
    }

    /**
     * The limit of which the least is left for a mapping, however little of it is in memory: {@code RLIMIT_AS}, and
     * {@code RLIMIT_FSIZE}, which counts for each memfd.
     *
     * @param ofFile whether a memfd or another file is mapped
     */
    public static Limit mapping(boolean ofFile) {
        List<Limit> limits = new ArrayList<>();
        limits.add(Limit.ofHost(Long.MAX_VALUE));
        resourceLimit("Max address space").ifPresent(most -> {
            long used = Proc.numbersIfReadable("/proc/self/status").getOrDefault("VmSize", 0L) * 1024;
            limits.add(new Limit("RLIMIT_AS (ulimit -v)", Math.max(0, most - used)));
        });
        if (ofFile) {
            resourceLimit("Max file size").ifPresent(most -> limits.add(new Limit("RLIMIT_FSIZE (ulimit -f)", most)));
        }
        return tightest(limits);
    }

    /** The limit of which the least is left for huge pages of 2 MiB. */
    public static Limit hugePages() {
        List<Limit> limits = new ArrayList<>();
        long pages = number(HUGE_PAGES + "free_hugepages").orElse(0)
                - number(HUGE_PAGES + "resv_hugepages").orElse(0);
        limits.add(Limit.ofHost(Math.max(0, pages) * HUGE_BYTES));
        groups("hugetlb").forEach(group -> {
            group.addIfLimited(limits, "hugetlb.2MB.max", "hugetlb.2MB.current", 0);
            group.addIfLimited(limits, "hugetlb.2MB.rsvd.max", "hugetlb.2MB.rsvd.current", 0);
            group.addIfLimited(limits, "hugetlb.2MB.limit_in_bytes", "hugetlb.2MB.usage_in_bytes", 0);
        });
        return tightest(limits);
    }

    /** The number of huge pages of 2 MiB that this process can still get. */
    public static long freeHugePages() {
        return hugePages().availableBytes() / HUGE_BYTES;
    }

    private static Limit tightest(List<Limit> limits) {
        return limits.stream()
                .min(Comparator.comparingLong(Limit::availableBytes))
                .orElseThrow();
    }

    /** Memory that can be allocated without swapping. */
    private static long hostBytes() {
        Long kib = Proc.numbersIfReadable("/proc/meminfo").get("MemAvailable");
        return kib == null ? Long.MAX_VALUE : kib * 1024;
    }

    private static void addMemory(List<Limit> limits, Group group) {
        group.addIfLimited(limits, "memory.max", "memory.current", group.inactiveFileBytes());
        group.addIfLimited(limits, "memory.limit_in_bytes", "memory.usage_in_bytes", group.inactiveFileBytes());
    }

    /** The control groups of this process that have a controller, from its own to the root. */
    private static List<Group> groups(String controller) {
        List<Group> groups = new ArrayList<>();
        for (String line : lines(Path.of("/proc/self/cgroup"))) {
            String[] parts = line.split(":", 3);
            boolean second = parts.length == 3 && parts[1].isEmpty();
            boolean first =
                    parts.length == 3 && List.of(parts[1].split(",", -1)).contains(controller);
            if (second || first) {
                Path root = first ? GROUPS.resolve(controller) : GROUPS;
                for (Path path = Path.of(parts[2]); path != null; path = path.getParent()) {
                    groups.add(new Group(root.resolve("." + path).normalize(), path.toString()));
                }
            }
        }
        return groups;
    }

    private record Group(Path folder, String name) {
        /** @param reclaimable of what is used, bytes that the kernel drops before it refuses more */
        void addIfLimited(List<Limit> limits, String most, String used, long reclaimable) {
            OptionalLong limit = number(folder.resolve(most).toString());
            if (limit.isPresent()) {
                long taken = number(folder.resolve(used).toString()).orElse(0) - reclaimable;
                limits.add(new Limit(
                        most + " of the control group " + name, Math.max(0, limit.getAsLong() - Math.max(0, taken))));
            }
        }

        /** Pages of files that nobody has used lately, in this group and those below it. */
        long inactiveFileBytes() {
            Map<String, Long> stat =
                    Proc.numbersIfReadable(folder.resolve("memory.stat").toString());
            return stat.getOrDefault("total_inactive_file", stat.getOrDefault("inactive_file", 0L));
        }
    }

    private static OptionalLong resourceLimit(String name) {
        for (String line : lines(Path.of("/proc/self/limits"))) {
            if (line.startsWith(name)) {
                String soft = line.substring(name.length()).strip().split("\\s+", -1)[0];
                return parse(soft);
            }
        }
        return OptionalLong.empty();
    }

    private static OptionalLong number(String file) {
        try {
            return parse(Proc.firstLine(file));
        } catch (IOException e) {
            return OptionalLong.empty();
        }
    }

    private static OptionalLong parse(String text) {
        return text.matches("\\d{1,18}") ? OptionalLong.of(Long.parseLong(text)) : OptionalLong.empty();
    }

    private static List<String> lines(Path file) {
        try {
            return Files.readAllLines(file);
        } catch (IOException e) {
            return List.of();
        }
    }
}
