package io.pageflip.cli;

import io.pageflip.prediction.Costs;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;

/**
 * The file with the costs that {@code simulate --calibrate} measured: {@code pageflip/costs.json} in the user's cache
 * directory, or another.
 */
record CostsFile(Path path) {
    /** $XDG_CACHE_HOME, which must be absolute to count, or ~/.cache. */
    static CostsFile ofUser(Map<String, String> environment, String home) {
        String cache = environment.getOrDefault("XDG_CACHE_HOME", "");
        Path base = cache.startsWith("/") ? Path.of(cache) : Path.of(home, ".cache");
        return new CostsFile(base.resolve("pageflip").resolve("costs.json"));
    }

    static CostsFile ofUser() {
        return ofUser(System.getenv(), System.getProperty("user.home"));
    }

    /**
     * Loads the costs to predict with: from the file that was named, or else those measured on this host; null if
     * nothing was measured.
     *
     * @throws ParameterException if the file cannot be read, or has no costs in it
     */
    static @Nullable Costs load(CommandSpec spec, @Nullable Path named) {
        CostsFile file = named == null ? ofUser() : new CostsFile(named);
        if (named == null && !Files.exists(file.path)) {
            return null;
        }
        try {
            return Costs.parse(Files.readString(file.path));
        } catch (IOException e) {
            String why = Files.isReadable(file.path) && Files.isRegularFile(file.path)
                    ? e.getMessage()
                    : "there is no file that can be read";
            String where = named == null
                    ? file.path + ": " + why + "; remove it, or measure again with pageflip simulate --calibrate"
                    : "--costs " + file.path + ": " + why;
            throw new ParameterException(spec.commandLine(), where, e);
        }
    }

    void store(Costs costs) throws IOException {
        Path folder = path.getParent();
        if (folder != null) {
            Files.createDirectories(folder);
        }
        Files.writeString(path, costs.json());
    }
}
