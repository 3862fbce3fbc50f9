package io.pageflip.cli;

import io.pageflip.postcopy.Postcopy;
import java.util.List;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;
import picocli.CommandLine.Spec.Target;

/** Options that say how the destination maps pages after the switch, if the source's schedule is postcopy. */
final class PostcopyOptions {
    static final int DEFAULT_PREFETCH = Postcopy.Options.DEFAULT.prefetchPages();
    static final String PREFETCH =
            "With --schedule postcopy: pages around a touched one, itself included, that are mapped with it; 1 maps no "
                    + "other (default: 16).";
    private static final int MOST_PREFETCH = 1 << 18;
    private static final int MOST_RECOVER_S = 1_000_000;
    private static final long NS_PER_S = 1_000_000_000;
    private static final int DEFAULT_BATCH = Postcopy.Options.DEFAULT.batchPages();

    @Spec(Target.MIXEE)
    private CommandSpec spec;

    @Option(names = "--prefetch", paramLabel = "PAGES", defaultValue = "16", description = PREFETCH)
    private int prefetch;

    @Option(
            names = "--late-batch",
            hidden = true,
            paramLabel = "PAGES",
            defaultValue = "64",
            description = "Pages that one system call maps in the background (default: ${DEFAULT-VALUE}).")
    private int batch;

    @Option(
            names = "--recover-timeout",
            paramLabel = "SECONDS",
            defaultValue = "30",
            description = "How long a source whose pages are still needed may take to connect again if its connection "
                    + "breaks; the source is told, and tries for as long (default: ${DEFAULT-VALUE}).")
    private long recoverTimeout;

    Postcopy.Options options() {
        checkPrefetch(spec, prefetch);
        return new Postcopy.Options(
                prefetch,
                (int) Values.between(spec, "--late-batch", batch, 1, MOST_PREFETCH),
                Values.between(spec, "--recover-timeout", recoverTimeout, 0, MOST_RECOVER_S) * NS_PER_S);
    }

    static void checkPrefetch(CommandSpec spec, int pages) {
        Values.between(spec, "--prefetch", pages, 1, MOST_PREFETCH);
    }

    /**
     * The options for a destination.
     *
     * @param batch what the user said about batches in general; more than the default would keep a fault waiting
     */
    static List<String> arguments(int prefetch, int batch) {
        return List.of("--prefetch=" + prefetch, "--late-batch=" + Math.min(batch, DEFAULT_BATCH));
    }
}
