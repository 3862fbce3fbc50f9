package io.pageflip.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;

/**
 * A file for a report, if one was named.
 *
 * @param option the option that names it
 */
record ExportFile(String option, @Nullable Path path) {

    /** Checks, before minutes of work, that their result can be written; refuses the path if not. */
    ExportFile check(CommandSpec spec) {
        if (path != null) {
            Path folder = path.toAbsolutePath().getParent();
            boolean writable = Files.exists(path)
                    ? Files.isRegularFile(path) && Files.isWritable(path)
                    : folder != null && Files.isDirectory(folder) && Files.isWritable(folder);
            if (!writable) {
                throw new ParameterException(
                        spec.commandLine(), option + " " + path + ": no file can be written there");
            }
        }
        return this;
    }

    /** Writes the text; without a path, does not even make it. */
    void write(Supplier<String> text) throws IOException {
        if (path != null) {
            Files.writeString(path, text.get());
        }
    }
}
