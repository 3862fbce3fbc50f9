package io.pageflip.cli;

import io.pageflip.request.MigrationRequest;
import io.pageflip.request.RequestBuilder;
import picocli.CommandLine.Option;

/** Options that say how the destination maps pages after the switchover, if the source's schedule is postcopy. */
final class PostcopyOptions {
    static final String PREFETCH =
            "With --schedule postcopy: pages around a touched one, itself included, that are mapped with it; 1 maps no "
                    + "other (default: 16).";

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

    void fill(RequestBuilder request) {
        request.postcopy(new MigrationRequest.Postcopy(prefetch, batch, recoverTimeout));
    }
}
