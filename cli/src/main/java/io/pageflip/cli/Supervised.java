package io.pageflip.cli;

import io.pageflip.channel.Cancellation;
import io.pageflip.metrics.Progress;
import io.pageflip.metrics.ResultJson;
import io.pageflip.migration.AgentEvent;
import java.io.IOException;
import java.io.PrintStream;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

/** The side of an agent that speaks to whoever started it: events out, and the end of standard input in. */
final class Supervised implements AutoCloseable {
    private static final long PERIOD_MS = 200;

    private final PrintStream out = System.out;
    private final Progress progress;
    private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor(task -> {
        Thread thread = new Thread(task, "events");
        thread.setDaemon(true);
        return thread;
    });

    Supervised(Progress progress, Cancellation cancellation) {
        this.progress = progress;
        Thread watch = new Thread(() -> awaitEndOfInput(cancellation), "supervisor watch");
        watch.setDaemon(true);
        watch.start();
        var unused = timer.scheduleAtFixedRate(
                () -> say(AgentEvent.progress(this.progress)), PERIOD_MS, PERIOD_MS, TimeUnit.MILLISECONDS);
    }

    private static void awaitEndOfInput(Cancellation cancellation) {
        try {
            while (System.in.read() >= 0) {
                // Nothing is ever said there.
            }
        } catch (IOException e) {
            cancellation.request("standard input failed: " + e.getMessage());
        }
        cancellation.request("whoever started this agent is gone");
    }

    synchronized void say(AgentEvent event) {
        out.println(ResultJson.write(event));
        out.flush();
    }

    @Override
    public void close() {
        timer.shutdownNow();
    }
}
