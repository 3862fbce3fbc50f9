package io.pageflip.cli;

import io.pageflip.request.MigrationRequest;
import io.pageflip.request.RequestBuilder;
import picocli.CommandLine.Option;

/** Options that say how the destination maps pages after the switchover, if the source's schedule is postcopy. */
final class PostcopyOptions {
    static final String PREFETCH =
            "With --schedule postcopy: number of pages to map at a touch: the touched one and its neighbours; 1 "
                    + "maps no neighbour (default: 16).";

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
            description = "How long a source whose pages are still needed may take to connect again after its "
                    + "connection broke. The source learns this time, and tries for as long "
                    + "(default: ${DEFAULT-VALUE}).")
    private long recoverTimeout;

    void fill(RequestBuilder request) {
        request.postcopy(new MigrationRequest.Postcopy(prefetch, batch, recoverTimeout));
    }
}
