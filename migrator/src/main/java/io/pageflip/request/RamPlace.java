package io.pageflip.request;

import io.pageflip.ram.Backing;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What guest RAM lies in, as options and reports write it: {@code memfd}, {@code file:/var/tmp}.
 *
 * @param directory the directory of the file, absolute; null for memory, or if none was named
 */
public record RamPlace(Backing backing, @Nullable Path directory) {
    private static final String FILE = Backing.FILE + ":";

    /** Memory, or a file in a directory still to be named. */
    public RamPlace(Backing backing) {
        this(backing, null);
    }

    /**
     * Reads what {@link #toString} writes.
     *
     * @throws IllegalArgumentException if {@code text} is no such place ({@link java.nio.file.InvalidPathException} is
     *     one)
     */
    public static RamPlace parse(String text) {
        if (text.startsWith(FILE) && text.length() > FILE.length()) {
            return new RamPlace(
                    Backing.FILE, Path.of(text.substring(FILE.length())).toAbsolutePath());
        }
        return Arrays.stream(Backing.values())
                .filter(backing -> backing.toString().equals(text))
                .map(RamPlace::new)
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException(text));
    }

    /** The forms that {@link #parse} reads, with {@code DIR} for a directory. */
    public static List<String> words() {
        return Arrays.stream(Backing.values())
                .map(backing -> backing == Backing.FILE ? FILE + "DIR" : backing.toString())
                .toList();
    }

    @Override
    public String toString() {
        return directory == null ? backing.toString() : FILE + directory;
    }
}
