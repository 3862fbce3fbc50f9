package io.pageflip.cli;

import io.pageflip.os.ProcessOutput;
import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;

/**
 * A file for a report, if one was named. A file is written beside its place and then renamed, so that a full disk, or a
 * kill, leaves the former file. A symbolic link is followed. What is no file (a pipe, {@code /dev/stdout}) is written
 * to as it is.
 *
 * @param option the option that names it
 */
record ExportFile(String option, @Nullable Path path) {
    /** The names of standard output, which need not be descriptor 1 of this process. */
    private static final Set<Path> STANDARD_OUTPUT =
            Set.of(Path.of("/dev/stdout"), Path.of("/dev/fd/1"), Path.of("/proc/self/fd/1"));

    /** Checks, before minutes of work, that the reports can be written, each to a place of its own. */
    static void checkAll(CommandSpec spec, ExportFile... files) {
        Map<Path, String> places = new HashMap<>();
        for (ExportFile file : files) {
            file.check(spec);
            String other = file.path == null ? null : places.put(file.place(), file.option);
            if (other != null && !file.isSpecial()) {
                throw new ParameterException(
                        spec.commandLine(),
                        file.option + " " + file.path + ": " + other + " names the same file; name two");
            }
        }
    }

    /** Checks that the result can be written; refuses the path if not. */
    ExportFile check(CommandSpec spec) {
        if (path != null) {
            String whyNot = whyNot(place());
            if (whyNot != null) {
                throw new ParameterException(
                        spec.commandLine(), option + " " + path + ": no file can be written there: " + whyNot);
            }
        }
        return this;
    }

    private @Nullable String whyNot(Path place) {
        if (Files.isDirectory(place)) {
            return "it is a folder";
        }
        if (isSpecial()) {
            return Files.isWritable(file()) ? null : "this user may not write to it";
        }
        Path folder = folderOf(place);
        if (!Files.isDirectory(folder)) {
            return "its folder does not exist";
        }
        return Files.isWritable(folder) && (!Files.exists(place) || Files.isWritable(place))
                ? null
                : "this user may not write there";
    }

    private boolean isSpecial() {
        return path != null && Files.exists(file()) && !Files.isRegularFile(file());
    }

    /** Whether it is standard output, by any name. */
    boolean isStandardOutput() {
        return path != null && STANDARD_OUTPUT.contains(path.normalize());
    }

    private Path file() {
        return isStandardOutput() ? Path.of("/proc/self/fd/" + ProcessOutput.number()) : Objects.requireNonNull(path);
    }

    /** Where the file itself lies, or will. */
    private Path place() {
        Path named = file().toAbsolutePath();
        try {
            return named.toRealPath();
        } catch (IOException e) {
            return target(named).normalize(); // it does not exist yet
        }
    }

    private static Path target(Path named) {
        try {
            return Files.isSymbolicLink(named) ? folderOf(named).resolve(Files.readSymbolicLink(named)) : named;
        } catch (IOException e) {
            return named;
        }
    }

    private static Path folderOf(Path place) {
        Path folder = place.getParent();
        return folder == null ? place : folder;
    }

    /**
     * Writes the text; without a path, does not even make it.
     *
     * @throws IOException if it cannot be written, and names the option, the file and the cause
     */
    void write(Supplier<String> text) throws IOException {
        if (path == null) {
            return;
        }
        try {
            if (isSpecial()) {
                Files.writeString(file(), text.get(), StandardOpenOption.WRITE);
            } else {
                replace(place(), text.get());
            }
        } catch (IOException e) {
            throw new IOException(option + " " + path + ": the report could not be written: " + cause(e), e);
        }
    }

    private static void replace(Path place, String text) throws IOException {
        Path beside = place.resolveSibling(
                "." + place.getFileName() + "." + ProcessHandle.current().pid());
        try {
            Files.writeString(beside, text, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
            if (Files.exists(place)) {
                Files.setPosixFilePermissions(beside, Files.getPosixFilePermissions(place));
            }
            Files.move(beside, place, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } finally {
            Files.deleteIfExists(beside);
        }
    }

    private static String cause(IOException e) {
        String reason = e instanceof FileSystemException system ? system.getReason() : e.getMessage();
        return reason == null ? e.toString() : reason;
    }
}
