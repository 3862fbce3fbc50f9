package io.pageflip.migration;

import io.pageflip.metrics.PeerText;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * What a process writes to its standard error. It goes to ours, but not what a JVM writes that cannot start, or breaks
 * down: that becomes a part of the sentence which says how the process ended. A thread of its own reads.
 */
final class LastWords {
    /** A JVM that breaks down writes a long report, each line of which begins with this. */
    private static final String JVM_REPORT = "#";

    private static final int MOST_LINES = 100;
    private static final int SENTENCES = 2;
    private static final long END_TIMEOUT_S = 1;

    private final BufferedReader lines;
    private final CountDownLatch read = new CountDownLatch(1);
    private final List<String> held = new ArrayList<>();
    private boolean passesOn;

    private LastWords(InputStream errors) {
        this.lines = new BufferedReader(new InputStreamReader(errors, StandardCharsets.UTF_8));
    }

    /** Begins to read; holds everything back until {@link #passOn}. */
    static LastWords of(InputStream errors, String thread) {
        LastWords words = new LastWords(errors);
        Thread reader = new Thread(words::read, thread);
        reader.setDaemon(true);
        reader.start();
        return words;
    }

    private void read() {
        try (lines) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                take(line);
            }
        } catch (IOException e) {
            // The process is gone.
        } finally {
            read.countDown();
        }
    }

    private synchronized void take(String line) {
        if (passesOn && !line.startsWith(JVM_REPORT)) {
            System.err.println(line);
        } else {
            held.add(line);
            if (held.size() == MOST_LINES) {
                passOn(); // no JVM says so much before it breaks down
            }
        }
    }

    /** The process has started: passes on what it wrote, and will write. */
    synchronized void passOn() {
        if (!passesOn) {
            passesOn = true;
            held.forEach(System.err::println);
            held.clear();
        }
    }

    /** What was held back, in a few words that begin with a colon; empty if that is nothing. */
    String said() {
        awaitEnd();
        synchronized (this) {
            List<String> sentences = held.stream()
                    .map(line -> line.replaceFirst("^# ?", "")
                            .replace("; nested exception is:", "")
                            .strip())
                    .filter(LastWords::tells)
                    .limit(SENTENCES)
                    .toList();
            return sentences.isEmpty() ? "" : ": " + PeerText.printable(String.join("; ", sentences));
        }
    }

    /** Whether a line says anything to a user: not a frame of a stack trace, nor what every JVM says. */
    private static boolean tells(String line) {
        return !line.isEmpty()
                && !line.startsWith("at ")
                && !line.startsWith("... ")
                && !line.startsWith("Picked up ")
                && !line.startsWith("Listening for transport ");
    }

    /** Waits, for a second at most, until everything that the process wrote has been passed on. */
    void awaitEnd() {
        try {
            read.await(END_TIMEOUT_S, TimeUnit.SECONDS); // a child of the process may hold it open
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
