package io.pageflip.os;

import io.pageflip.memory.BasePage;
import io.pageflip.memory.PageRange;
import java.io.IOException;
import java.util.List;

/**
 * The short probes. Each returns a text for a {@link Capability} that says what works, or throws an {@link IOException}
 * whose message is the cause. None leaves anything behind.
 */
final class HostProbes {
    private static final long WORD = 0x70616765666c6970L;
    private static final int ADMIN_ONLY = 2;
    private static final int NOBODY = 3;

    private HostProbes() {}

    static String sealedMemfd() throws IOException {
        try (MemFd file = MemFd.create("check", BasePage.BYTES, false)) {
            if (Syscalls.LINUX.ftruncate(file.fd().number(), 0) != -Errno.EPERM) {
                throw new IOException("its seals do not protect its size");
            }
            if (file.fd().length() != BasePage.BYTES) {
                throw new IOException("statx says that it has " + file.fd().length() + " bytes");
            }
        }
        return "sealed against resizing";
    }

    static String pagemapScan() throws IOException {
        List<PageRange> touched = List.of(new PageRange(2, 1), new PageRange(5, 2));
        try (Mapping mapping = Mapping.anonymous("check", 8 * BasePage.BYTES);
                Pagemap pagemap = Pagemap.open()) {
            for (PageRange range : touched) {
                for (long page = range.first(); page < range.end(); page++) {
                    mapping.setLong(page * BasePage.BYTES, WORD);
                }
            }
            List<PageRange> found = pagemap.scanPresent(mapping);
            if (!found.equals(touched)) {
                throw new IOException("PAGEMAP_SCAN found " + found + " present, where " + touched + " were");
            }
        } catch (SyscallException e) {
            if (e.errno() == Errno.ENOTTY) {
                throw new IOException("this kernel has no PAGEMAP_SCAN (ENOTTY)", e);
            }
            throw e;
        }
        return "finds exactly the pages that are there";
    }

    static String frameNumbers() throws IOException {
        if (!Pagemap.framesVisible()) {
            throw new IOException("hidden from this process, which lacks CAP_SYS_ADMIN");
        }
        return "visible in /proc/self/pagemap";
    }

    static String vmspliceGift() throws IOException {
        GiftProbe.run();
        return "gifted pages arrive, with their content";
    }

    static String giftedPagesMove() throws IOException {
        GiftProbe gift = GiftProbe.run();
        boolean frames = gift.byFrameNumbers();
        if (gift.outcome() == GiftProbe.Outcome.COPIES) {
            throw new IOException("this kernel copies them: "
                    + (frames ? "they arrive in other frames" : "the giver still sees its content"));
        }
        return frames ? "they arrive in the same frames" : "the giver sees zeros afterwards";
    }

    static String pipeSize() throws IOException {
        try (Pipe pipe = Pipe.create()) {
            int bytes = Pipe.enlarge(pipe.writeEnd());
            String size = bytes / BasePage.BYTES + " pages at once (" + bytes + " bytes)";
            int limit = Pipe.maxSize();
            return bytes < limit
                    ? size + ", not the " + limit + " of fs.pipe-max-size: this user has too many pipes"
                    : size;
        }
    }

    static String processVmReadv() throws IOException {
        try (Mapping from = Mapping.anonymous("check, read", BasePage.BYTES);
                Mapping to = Mapping.anonymous("check, copy", BasePage.BYTES)) {
            from.setLong(0, WORD);
            long read = new ProcessMemory(Proc.pid()).read(from.address(), to, 0, BasePage.BYTES);
            SyscallException.check(read, "process_vm_readv of this process itself");
            if (read != BasePage.BYTES || to.getLong(0) != WORD) {
                throw new IOException("process_vm_readv read " + read + " of " + BasePage.BYTES + " bytes");
            }
        }
        Fd.ofProcess(Proc.pid()).close(); // to notice when the other process ends
        int scope = Proc.ptraceScope();
        if (scope >= NOBODY || (scope == ADMIN_ONLY && Proc.uid() != 0)) {
            throw new IOException("Yama forbids it between processes (kernel.yama.ptrace_scope " + scope + ")");
        }
        return "tried on this process itself"
                + (scope == 0 ? "" : "; under Yama the other one must allow it, and does");
    }

    static String fuse() throws IOException {
        FuseMount.create().close();
        return "a FUSE file system can be created, as a detached mount";
    }

    static String idlePriority() throws IOException {
        if (!IdlePriority.canGoBack()) {
            throw new IOException(
                    "a thread that has SCHED_IDLE keeps it: going back needs CAP_SYS_NICE, or a limit of 20"
                            + " for the nice value (RLIMIT_NICE); so the JVM's compiler may delay a vCPU");
        }
        return "the JVM's compiler gives way to the vCPUs around the switchover (SCHED_IDLE)";
    }

    static String hugePages() throws IOException {
        long free = MemoryLimits.freeHugePages();
        if (free <= 0) {
            throw new IOException("none of 2 MiB is free: the administrator reserves them (vm.nr_hugepages)");
        }
        try (MemFd file = MemFd.create("check", Mapping.HUGE_PAGE, true);
                Mapping mapping = Mapping.shared(file)) {
            mapping.populate(0, Mapping.HUGE_PAGE);
        }
        return free + " free, of 2 MiB each";
    }
}
