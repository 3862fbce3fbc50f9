package io.pageflip.os;

import io.pageflip.memory.BasePage;
import io.pageflip.memory.PageRange;
import java.io.IOException;
import java.util.List;

/**
 * Tries what userfaultfd can do on this kernel, on memory of its own.
 *
 * <p>The userfaultfds here are {@code UFFD_USER_MODE_ONLY}, and only read(2) and write(2) of a pipe touch memory that
 * may trap: a trap then shows as {@code EFAULT}, and no thread ever waits in one.
 */
final class UserfaultfdProbe {
    private static final int PAGES = 8;
    private static final int WRITTEN_PAGE = 5;
    private static final long WORD = 0x70616765666c6970L;

    private UserfaultfdProbe() {}

    /** Opens a userfaultfd as a migration does, and says which kind it is. */
    static String kind() throws IOException {
        try (Userfaultfd uffd = Userfaultfd.open(0)) {
            return uffd.userModeOnly()
                    ? "user-mode-only: a system call on a trapped page fails with EFAULT"
                    : "plain: a system call on a trapped page waits";
        } catch (SyscallException e) {
            throw explained(e, "UFFD_USER_MODE_ONLY");
        }
    }

    /**
     * One flip within this process: a page that the source drops traps on both sides; after {@code UFFDIO_CONTINUE} the
     * destination has it, with its content.
     *
     * @return what works, for a {@link Capability}
     * @throws IOException whose message is the cause if it does not work
     */
    static String minorFaults(boolean hugePages) throws IOException {
        int pageBytes = hugePages ? Mapping.HUGE_PAGE : BasePage.BYTES;
        try (Userfaultfd uffd = hugePages
                        ? open(Userfaultfd.FEATURE_MINOR_HUGETLBFS, "UFFD_FEATURE_MINOR_HUGETLBFS")
                        : open(Userfaultfd.FEATURE_MINOR_SHMEM, "UFFD_FEATURE_MINOR_SHMEM");
                MemFd file = MemFd.create("check", pageBytes, hugePages);
                Mapping source = map(file, hugePages);
                Mapping destination = Mapping.shared(file);
                Pipe pipe = Pipe.create()) {
            source.populate(0, pageBytes); // fails with an error, where touching a denied huge page would be a SIGBUS
            source.setLong(0, WORD);
            uffd.registerMinor(source);
            uffd.registerMinor(destination);
            source.dropEntries(0, pageBytes);
            expectTrap(source, pipe, "a page that was dropped");
            expectTrap(destination, pipe, "a page that was not mapped yet");
            long mapped = uffd.continueRange(destination, 0, pageBytes);
            SyscallException.check(mapped, "UFFDIO_CONTINUE");
            if (mapped != pageBytes || read(destination, pipe) != 8 || word(pipe) != WORD) {
                throw new IOException("UFFDIO_CONTINUE did not map the page that the file holds");
            }
            expectTrap(source, pipe, "a page that was moved away");
        }
        return "a dropped page traps, and UFFDIO_CONTINUE maps it elsewhere";
    }

    private static Mapping map(MemFd file, boolean hugePages) throws IOException {
        try {
            return Mapping.shared(file);
        } catch (SyscallException e) {
            if (hugePages && e.errno() == Errno.ENOMEM) {
                throw new IOException("cannot be tried, as no huge page is free", e);
            }
            throw e;
        }
    }

    /**
     * Writes to write-protected pages, which must succeed without a fault handler, and finds exactly these pages.
     *
     * @return what works, for a {@link Capability}
     * @throws IOException whose message is the cause if it does not work
     */
    static String writeProtectAsync() throws IOException {
        try (Userfaultfd uffd = open(Userfaultfd.FEATURE_WP_ASYNC, "UFFD_FEATURE_WP_ASYNC");
                MemFd file = MemFd.create("check", PAGES * BasePage.BYTES, false);
                Mapping shared = Mapping.shared(file);
                Mapping anonymous = Mapping.anonymous("check", PAGES * BasePage.BYTES);
                Pipe pipe = Pipe.create()) {
            writeTracked(uffd, shared, pipe);
            writeTracked(uffd, anonymous, pipe);
        }
        return "a write to a protected page does not wait, and PAGEMAP_SCAN finds the page";
    }

    /**
     * Makes private memory shared as an adoption does: writers wait, also in a page that does not exist yet, until the
     * file is mapped over it.
     *
     * @return what works, for a {@link Capability}
     * @throws IOException whose message is the cause if it does not work
     */
    static String adopt() throws IOException {
        long data = 0;
        long hole = BasePage.BYTES;
        try (Userfaultfd uffd = open(Userfaultfd.FEATURE_WP_UNPOPULATED, "UFFD_FEATURE_WP_UNPOPULATED");
                MemFd file = MemFd.create("check", 2 * BasePage.BYTES, false);
                Mapping mapping = Mapping.anonymous("check", 2 * BasePage.BYTES);
                Pipe pipe = Pipe.create()) {
            mapping.setLong(data, WORD);
            uffd.registerWriteProtect(mapping);
            uffd.writeProtect(mapping);
            expectHeldUp(mapping, data, pipe, "a page");
            expectHeldUp(mapping, hole, pipe, "a page that does not exist yet");
            file.write(0, mapping, data, BasePage.BYTES);
            mapping.mapOver(0, file, 0, mapping.length());
            writeWord(mapping, hole, pipe);
            if (mapping.getLong(data) != WORD) {
                throw new IOException("the file that was mapped over the memory does not hold its content");
            }
        }
        return "writers wait while private memory becomes shared";
    }

    private static void expectHeldUp(Mapping mapping, long offset, Pipe pipe, String page) throws IOException {
        NativeBuffer word = NativeBuffer.allocate(8);
        SyscallException.check(pipe.writeEnd().write(word, 0, 8), "write to a pipe");
        long written = pipe.readEnd().read(mapping, offset, 8);
        if (written != -Errno.EFAULT) {
            throw new IOException("a write to " + page + " does not trap, although it is write-protected");
        }
        SyscallException.check(pipe.readEnd().read(word, 0, 8), "read from a pipe");
    }

    private static void writeTracked(Userfaultfd uffd, Mapping mapping, Pipe pipe) throws IOException {
        for (long page = 0; page < PAGES; page++) {
            mapping.setLong(page * BasePage.BYTES, WORD);
        }
        uffd.registerWriteProtect(mapping);
        uffd.writeProtect(mapping);
        try (Pagemap pagemap = Pagemap.open()) {
            expectPages(List.of(), pagemap.takeWritten(mapping));
            writeWord(mapping, (long) WRITTEN_PAGE * BasePage.BYTES, pipe);
            expectPages(List.of(new PageRange(WRITTEN_PAGE, 1)), pagemap.takeWritten(mapping));
            expectPages(List.of(), pagemap.takeWritten(mapping));
        }
    }

    private static void expectPages(List<PageRange> expected, List<PageRange> found) throws IOException {
        if (!found.equals(expected)) {
            throw new IOException("PAGEMAP_SCAN found " + found + " written, where " + expected + " were");
        }
    }

    private static Userfaultfd open(long feature, String featureName) throws IOException {
        try {
            return Userfaultfd.open(Syscalls.LINUX, true, feature);
        } catch (SyscallException e) {
            throw explained(e, featureName);
        }
    }

    /** Explains why no userfaultfd could be opened. */
    private static IOException explained(SyscallException e, String featureName) {
        return switch (e.errno()) {
            case Errno.EINVAL -> new IOException("this kernel has no " + featureName + " (" + e.getMessage() + ")", e);
            case Errno.ENOSYS -> new IOException("this kernel has no userfaultfd (ENOSYS)", e);
            case Errno.EPERM -> new IOException("denied even user-mode-only (EPERM), as a seccomp filter does", e);
            default -> e;
        };
    }

    private static void expectTrap(Mapping mapping, Pipe pipe, String page) throws IOException {
        long read = read(mapping, pipe);
        if (read != -Errno.EFAULT) {
            SyscallException.check(read, "write of " + page);
            throw new IOException(page + " does not trap");
        }
    }

    /** Makes the kernel read the mapping's first word into the pipe; returns 8, or minus the error number. */
    private static long read(Mapping mapping, Pipe pipe) {
        return pipe.writeEnd().write(mapping, 0, 8);
    }

    private static long word(Pipe pipe) throws SyscallException {
        NativeBuffer word = NativeBuffer.allocate(8);
        SyscallException.check(pipe.readEnd().read(word, 0, 8), "read from a pipe");
        return word.bytes().getLong(0);
    }

    private static void writeWord(Mapping mapping, long offset, Pipe pipe) throws SyscallException {
        NativeBuffer word = NativeBuffer.allocate(8);
        SyscallException.check(pipe.writeEnd().write(word, 0, 8), "write to a pipe");
        SyscallException.check(pipe.readEnd().read(mapping, offset, 8), "write to a page that is write-protected");
    }
}
