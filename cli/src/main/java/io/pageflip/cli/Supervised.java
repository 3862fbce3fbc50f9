package io.pageflip.cli;

import io.pageflip.channel.Cancellation;
import io.pageflip.metrics.Progress;
import io.pageflip.metrics.ResultJson;
import io.pageflip.migration.AgentEvent;
import java.io.IOException;
import java.io.PrintStream;

/** The side of an agent that speaks to whoever started it: events out, and the end of standard input in. */
final class Supervised implements AutoCloseable {
    private static final long PERIOD_MS = 200;

    private final PrintStream out = System.out;
    private final Ticker ticker = new Ticker("events");

    Supervised(Progress progress, Cancellation cancellation) {
        Thread watch = new Thread(() -> awaitEndOfInput(cancellation), "supervisor watch");
        watch.setDaemon(true);
        watch.start();
        ticker.start(PERIOD_MS, () -> say(AgentEvent.progress(progress)));
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
        ticker.close();
    }
}
