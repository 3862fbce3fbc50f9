package io.pageflip.observer;

import io.pageflip.os.MemFd;
import java.io.IOException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * Which files in memory processes have open ({@code /proc/PID/fd}): memfds, and files in {@code /dev/shm} and
 * {@code /dev/hugepages}. To open and read a file of another kind may disturb somebody: it may block, or count as a use
 * of a page. What this user may not see is left out.
 */
final class OpenFiles {
    private static final Path PROC = Path.of("/proc");
    private static final List<String> IN_MEMORY = List.of("/memfd:", "/dev/shm/", "/dev/hugepages/");

    /** Our own memfds, and those of them that hold RAM. */
    private static final String OURS = "/memfd:" + MemFd.NAME_PREFIX;

    private static final List<String> OUR_RAM = List.of(OURS + "ram ", OURS + "qemu ");

    private OpenFiles() {}

    /**
     * An open file.
     *
     * @param inode tells whether two descriptors are of one file
     * @param bytes its length
     */
    record OpenFile(int pid, int descriptor, Object inode, long bytes) {}

    /** The processes that are there now. */
    static List<Integer> processes() {
        List<Integer> all = new ArrayList<>();
        for (Path name : names(PROC)) {
            String number = name.toString();
            if (number.chars().allMatch(Character::isDigit)) {
                all.add(Integer.valueOf(number));
            }
        }
        return all;
    }

    /** The files in memory that a process has open; none if the process is gone. */
    static Stream<OpenFile> of(int pid) {
        Path folder = PROC.resolve(Integer.toString(pid)).resolve("fd");
        return names(folder).stream().flatMap(name -> file(pid, folder, name));
    }

    private static Stream<OpenFile> file(int pid, Path folder, Path name) {
        Path link = folder.resolve(name);
        try {
            String target = Files.readSymbolicLink(link).toString();
            boolean inMemory = IN_MEMORY.stream().anyMatch(target::startsWith);
            if (!inMemory || (target.startsWith(OURS) && OUR_RAM.stream().noneMatch(target::startsWith))) {
                return Stream.empty();
            }
            BasicFileAttributes file = Files.readAttributes(link, BasicFileAttributes.class);
            return file.isRegularFile()
                    ? Stream.of(new OpenFile(pid, Integer.parseInt(name.toString()), file.fileKey(), file.size()))
                    : Stream.empty();
        } catch (IOException e) {
            return Stream.empty(); // closed meanwhile, or not for us to see
        }
    }

    private static List<Path> names(Path folder) {
        List<Path> names = new ArrayList<>();
        try (DirectoryStream<Path> entries = Files.newDirectoryStream(folder)) {
            entries.forEach(entry -> names.add(entry.getFileName()));
        } catch (IOException | DirectoryIteratorException e) {
            return names; // gone meanwhile, or not for us to see
        }
        return names;
    }
}
