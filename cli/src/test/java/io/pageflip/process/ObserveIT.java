package io.pageflip.process;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.pageflip.os.NanoClock;
import io.pageflip.testkit.Waiting;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** {@code pageflip observe} watches guests of other processes. */
final class ObserveIT {
    private static final long STOPPED_NS = 300_000_000;

    @RegisterExtension
    final Pageflip pageflip = new Pageflip();

    @Test
    void aGuestThatIsStoppedForAKnownTimeHasAGapOfThatLength() throws IOException, InterruptedException {
        Pageflip.Agents agents = pageflip.agents(
                List.of("--ram=16M", "--fault=kill@resumed"), List.of("--run-after=1000", "--no-verify"));
        agents.source().endsWith(128 + 9);
        Run guest = agents.destination();
        Path json = pageflip.path("o.json");
        Run observe = pageflip.start("observe", "--pid=" + guest.pid(), "--threshold=100", "--export-json=" + json);
        Waiting.until("the observer has found the guest", () -> observe.out().contains("  found"));

        long beforeStopNs = NanoClock.SYSTEM.nanoTime();
        guest.signal("STOP");
        guest.awaitStopped();
        long stoppedNs = NanoClock.SYSTEM.nanoTime();
        while (NanoClock.SYSTEM.nanoTime() - stoppedNs < STOPPED_NS) {
            LockSupport.parkNanos(STOPPED_NS);
        }
        long untilNs = NanoClock.SYSTEM.nanoTime();
        guest.signal("CONT");
        Heartbeat.of(guest).awaitBeats();
        long beatsNs = NanoClock.SYSTEM.nanoTime();
        Waiting.until("the gap", () -> observe.out().contains("gap of"));
        observe.signal("INT");
        observe.endsWith(0);

        assertThat(observe.out()).contains("looked  ", "distribution");
        JsonNode seen = Report.parse(Files.readString(json)).document();
        JsonNode gap = longest(seen.at("/guests/0/gaps"));
        assertThat(gap.path("at-most-ns").asLong())
                .as("%s; it was stopped for %d ns at least", gap, untilNs - stoppedNs)
                .isGreaterThanOrEqualTo(untilNs - stoppedNs);
        assertThat(gap.path("at-least-ns").asLong())
                .as("%s; it was silent for %d ns at most", gap, beatsNs - beforeStopNs)
                .isLessThanOrEqualTo(beatsNs - beforeStopNs);
        assertThat(gap.path("certain").asBoolean()).isTrue();
        guest.signal("TERM");
        guest.endsWith(0);
    }

    private static JsonNode longest(JsonNode gaps) {
        JsonNode longest = gaps.path(0);
        for (JsonNode gap : gaps) {
            if (gap.path("gap-ns").asLong() > longest.path("gap-ns").asLong()) {
                longest = gap;
            }
        }
        return longest;
    }

    @Test
    void aGuestIsFollowedIntoTheProcessThatItMovesTo() throws IOException {
        Run observe = pageflip.start("observe", "--format=json");
        // An observer searches for new guests at least every 2 seconds.
        Run migrate = pageflip.start("migrate", "--ram=16M", "--mechanism=stream", "--run-after=4", "--quiet");
        migrate.endsWith(0);
        Waiting.until("the end of the guest", () -> !Files.exists(Path.of("/proc", "" + migrate.pid())));
        try {
            observe.signal("INT");
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
        observe.endsWith(0);

        JsonNode seen = Report.parse(observe.out()).document();
        assertThat(seen.at("/observer/cpu-percent").asDouble()).isPositive();
        assertThat(seen.path("guests"))
                .as("other tests may have guests at the same time: %s", seen)
                .isNotEmpty();
    }

    @Test
    void whoSeesNoGuestIsToldWhatCanBeSeen() throws IOException {
        Run observe = pageflip.start(
                        "observe", "--pid=" + ProcessHandle.current().pid(), "--for=0.5")
                .endsWith(1);

        assertThat(observe.out()).isEmpty();
        assertThat(observe.err())
                .startsWith("pageflip: no guest was seen: process ")
                .contains("in a memfd, or in a file");
    }

    @Test
    void valuesThatMakeNoSenseAreRefused() throws IOException {
        assertThat(pageflip.start("observe", "--pid=99999999").endsWith(2).err())
                .contains("there is no such process");
        assertThat(pageflip.start("observe", "--for=-1").endsWith(2).err()).contains("--for -1.0: it must be more");
        assertThat(pageflip.start("observe", "--threshold=x").endsWith(2).err()).contains("'x' is not a number");
    }
}
