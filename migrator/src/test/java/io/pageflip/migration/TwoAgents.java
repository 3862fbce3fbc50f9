package io.pageflip.migration;

import io.pageflip.agent.MigrationControl;
import io.pageflip.channel.Cancellation;
import io.pageflip.destination.ConnectedSource;
import io.pageflip.destination.DestinationAgent;
import io.pageflip.metrics.Progress;
import io.pageflip.metrics.RunResult;
import io.pageflip.os.NanoClock;
import io.pageflip.os.UnixSocket;
import io.pageflip.request.MigrationRequest;
import io.pageflip.request.RequestBuilder;
import io.pageflip.source.ConnectedDestination;
import io.pageflip.source.SourceAgent;
import io.pageflip.testkit.Waiting;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * A source and a destination on threads of this process, and a socket between them, for one test: as a
 * {@code @RegisterExtension}. Either may be left out, for a peer that the test plays itself.
 */
final class TwoAgents implements BeforeEachCallback, AfterEachCallback {
    private final Cancellation cancellation = new Cancellation();
    private final Progress progress = new Progress();
    private Path folder;
    private String path;
    private UnixSocket listener;

    @Override
    public void beforeEach(ExtensionContext context) throws IOException {
        folder = Files.createTempDirectory("pageflip");
        path = folder.resolve("pageflip.sock").toString();
        listener = UnixSocket.listen(path);
    }

    @Override
    public void afterEach(ExtensionContext context) throws IOException {
        cancellation.request("the test is over");
        listener.close();
        UnixSocket.unlink(path);
        Files.delete(folder);
    }

    /** The socket at which the destination listens. */
    String path() {
        return path;
    }

    /** The same, for a test that listens itself. */
    UnixSocket listener() {
        return listener;
    }

    /** The source's: requested at the latest when the test is over. */
    Cancellation cancellation() {
        return cancellation;
    }

    /** The source's. */
    Progress progress() {
        return progress;
    }

    /** Starts a source. */
    FutureTask<RunResult> source(MigrationRequest request) {
        return source(path, request);
    }

    /** Starts a source, which connects to a socket of the test's own. */
    FutureTask<RunResult> source(String to, MigrationRequest request) {
        return inBackground("source", () -> {
            try (ConnectedDestination link =
                    ConnectedDestination.connect(to, request.channel(), NanoClock.SYSTEM, cancellation)) {
                return new SourceAgent(
                                request, link, false, new MigrationControl(cancellation), progress, NanoClock.SYSTEM)
                        .run();
            }
        });
    }

    /** Starts a destination, which waits for a source. */
    FutureTask<RunResult> destination(boolean moves) {
        return destination(new RequestBuilder().moves(moves).runAfterS(0).build());
    }

    /** The same, with all of its request. */
    FutureTask<RunResult> destination(MigrationRequest request) {
        Cancellation never = new Cancellation();
        return inBackground("destination", () -> {
            try (UnixSocket connection = listener.accept(Waiting.LIMIT_MS);
                    ConnectedSource link = ConnectedSource.accept(connection, path, NanoClock.SYSTEM, never)) {
                return new DestinationAgent(
                                request, link, false, new MigrationControl(never), new Progress(), NanoClock.SYSTEM)
                        .run();
            }
        });
    }

    private static <T> FutureTask<T> inBackground(String name, Callable<T> work) {
        FutureTask<T> task = new FutureTask<>(work);
        Thread thread = new Thread(task, name);
        thread.setDaemon(true);
        thread.start();
        return task;
    }

    /** What an agent came to, waited for. */
    static RunResult join(FutureTask<RunResult> agent)
            throws InterruptedException, TimeoutException, ExecutionException {
        return agent.get(Waiting.LIMIT_MS, TimeUnit.MILLISECONDS);
    }
}
