package io.pageflip.os;

import java.io.FileInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;

/** Reads and parses files of {@code /proc}. Sizes are in bytes. */
public final class Proc {
    private static final int PR_SET_PDEATHSIG = 1;
    private static final int SIGKILL = 9;
    private static final int CLOCK_REALTIME = 0;
    private static final int CLOCK_THREAD_CPUTIME_ID = 3;
    private static final long NS_PER_S = 1_000_000_000;
    private static final int SIGTERM = 15;
    private static final int SIGSTOP = 19;
    private static final Pattern MAPPING = Pattern.compile("[0-9a-f]+-[0-9a-f]+ ");

    /** The policy in /proc/self/stat, counted from the field after the name. */
    private static final int POLICY_AFTER_NAME = 41 - 3;

    private static final Set<String> REAL_TIME = Set.of("1", "2", "6");

    private Proc() {}

    /** The kernel's number of the calling thread: the last part of its {@code /proc/thread-self}. */
    public static int threadId() {
        return Syscalls.LINUX.gettid();
    }

    static String firstLine(String path) throws IOException {
        // One read(2), large enough: a file in /proc/sys returns its number only to the first read(2), however short
        // that is, and Files.readString begins with a read of one byte.
        try (InputStream file = new FileInputStream(path)) {
            byte[] buffer = new byte[4096];
            int length = Math.max(0, file.read(buffer));
            String text = new String(buffer, 0, length, StandardCharsets.UTF_8);
            int end = text.indexOf('\n');
            return end < 0 ? text : text.substring(0, end);
        }
    }

    /** As {@link #numbers}; empty if this process cannot read the file, as where {@code /proc} shows processes only. */
    static Map<String, Long> numbersIfReadable(String path) {
        try {
            return numbers(path);
        } catch (IOException e) {
            return Map.of();
        }
    }

    /** Parses the lines {@code Name: 123 kB} and {@code name 123} of a file; drops the unit. */
    private static Map<String, Long> numbers(String path) throws IOException {
        Map<String, Long> values = new HashMap<>();
        for (String line : Files.readAllLines(Path.of(path))) {
            String[] words = line.trim().split("[:\\s]+", -1);
            if (words.length >= 2 && words[1].matches("\\d{1,18}")) {
                values.put(words[0], Long.parseLong(words[1]));
            }
        }
        return values;
    }

    /**
     * The proportional set size of this process ({@code /proc/self/smaps_rollup}), huge pages included: private ones
     * count in full, those that others map, too, by half. It takes 13 ms per GiB, with the address space locked for
     * reading: never call it while a guest is paused.
     */
    public static long proportionalSetBytes() throws IOException {
        return proportionalSetBytes("self");
    }

    /** As {@link #proportionalSetBytes()}, of another process. */
    public static long proportionalSetBytes(int pid) throws IOException {
        return proportionalSetBytes(Integer.toString(pid));
    }

    private static long proportionalSetBytes(String process) throws IOException {
        Map<String, Long> rollup = numbers("/proc/" + process + "/smaps_rollup");
        long kib = rollup.getOrDefault("Pss", 0L)
                + rollup.getOrDefault("Private_Hugetlb", 0L)
                + rollup.getOrDefault("Shared_Hugetlb", 0L) / 2;
        return kib * 1024;
    }

    /**
     * Bytes in transparent huge pages of those mappings of this process that lie within a range
     * ({@code /proc/self/smaps}).
     */
    static long anonymousHugeBytes(long address, long length) throws IOException {
        long bytes = 0;
        boolean within = false;
        for (String line : Files.readAllLines(Path.of("/proc/self/smaps"))) {
            if (MAPPING.matcher(line).lookingAt()) {
                long start = Long.parseUnsignedLong(line.substring(0, line.indexOf('-')), 16);
                within = start >= address && start < address + length;
            } else if (within && line.startsWith("AnonHugePages:")) {
                bytes += Long.parseLong(line.replaceAll("\\D", "")) * 1024;
            }
        }
        return bytes;
    }

    /**
     * Yama's restriction on processes that read each other's memory ({@code kernel.yama.ptrace_scope}): 0 none, 1
     * parents and those whom the other process allows, 2 {@code CAP_SYS_PTRACE} only, 3 nobody. Also 0 where there is
     * no Yama.
     */
    static int ptraceScope() {
        try {
            return Integer.parseInt(firstLine("/proc/sys/kernel/yama/ptrace_scope"));
        } catch (IOException | NumberFormatException e) {
            return 0;
        }
    }

    /**
     * How many pages the kernel has moved to other frames since boot: migration, and swapping in and out. 0 if this
     * process cannot know.
     */
    public static long relocatedPages() {
        Map<String, Long> vmstat = numbersIfReadable("/proc/vmstat");
        return vmstat.getOrDefault("pgmigrate_success", 0L)
                + vmstat.getOrDefault("pswpin", 0L)
                + vmstat.getOrDefault("pswpout", 0L);
    }

    /** Bytes in a page that is not a huge page. */
    public static int pageSize() {
        return Syscalls.LINUX.getpagesize();
    }

    /** The running kernel's release, as {@code uname -r} says it. */
    public static String kernelRelease() {
        try {
            return firstLine("/proc/sys/kernel/osrelease");
        } catch (IOException e) {
            return "unknown";
        }
    }

    /** This process's number. */
    public static int pid() {
        return Math.toIntExact(ProcessHandle.current().pid());
    }

    /** Whether a process is in the PID namespace of this one; true if this process may not know. */
    public static boolean sharesPidNamespace(int pid) {
        try {
            return Files.readSymbolicLink(Path.of("/proc/" + pid + "/ns/pid"))
                    .equals(Files.readSymbolicLink(Path.of("/proc/self/ns/pid")));
        } catch (IOException e) {
            return true;
        }
    }

    /** What CLOCK_REALTIME shows more than {@link NanoClock#SYSTEM} now, in nanoseconds. */
    public static long realtimeOffsetNs() {
        return clockNs(CLOCK_REALTIME) - NanoClock.SYSTEM.nanoTime();
    }

    /** The processor time of the calling thread until now, in nanoseconds (clock_gettime(2)). */
    public static long threadCpuNs() {
        return clockNs(CLOCK_THREAD_CPUTIME_ID);
    }

    private static long clockNs(int clock) {
        NativeBuffer timespec = NativeBuffer.scratch();
        Syscalls.LINUX.clockGettime(clock, timespec.address());
        return timespec.bytes().getLong(0) * NS_PER_S + timespec.bytes().getLong(8);
    }

    /**
     * Whether this process has a real-time scheduling policy: {@code SCHED_FIFO}, {@code SCHED_RR} or
     * {@code SCHED_DEADLINE} (proc_pid_stat(5), field 41); false where {@code /proc} does not tell.
     */
    public static boolean isRealTime() {
        try {
            String stat = firstLine("/proc/self/stat");
            String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1);
            return REAL_TIME.contains(fields[POLICY_AFTER_NAME]);
        } catch (IOException | IndexOutOfBoundsException e) {
            return false;
        }
    }

    /** The user this process runs as. */
    public static int uid() {
        return Syscalls.LINUX.getuid();
    }

    /** Kills this process at once, as {@code kill -9} does: no hook runs. For scripted faults. */
    public static void killSelf() {
        Syscalls.LINUX.kill(pid(), SIGKILL);
    }

    /** Asks this process to end, as {@code kill} does. For scripted faults. */
    public static void terminateSelf() {
        Syscalls.LINUX.kill(pid(), SIGTERM);
    }

    /**
     * Makes the kernel kill this process when the thread that started it ends ({@code PR_SET_PDEATHSIG}), even while
     * this process is stopped, when nothing else would end it.
     */
    public static void dieWithParent() {
        Syscalls.LINUX.prctl(PR_SET_PDEATHSIG, SIGKILL);
    }

    /**
     * Stops this process until somebody continues it ({@code SIGCONT}). For scripted faults. The signal goes to the
     * calling thread: if another thread stopped first, this one would run for a moment longer.
     */
    public static void stopSelf() {
        Syscalls.LINUX.raise(pid(), SIGSTOP);
    }
}
