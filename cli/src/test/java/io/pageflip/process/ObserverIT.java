package io.pageflip.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import io.pageflip.process.Observer.Gap;
import io.pageflip.testkit.Waiting;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Somebody outside, who trusts no agent, watches the guest's memory while it changes hands. */
final class ObserverIT {
    /** Times that both heartbeats were seen, if the observer's own clock never saw them in time. */
    private static final int ENOUGH = 3;

    private static final long TOLERANCE_NS = 50_000;
    private static final long MS = 1_000_000;

    /** To find one while which the machine was calm. */
    private static final int MOST_MIGRATIONS = 8;

    private static final double TOLERANCE = 0.05;

    /** Between two looks of a watcher who is awake: some microseconds. */
    private static final long MOST_BEATS = 100;

    @RegisterExtension
    final Pageflip pageflip = Pageflip.asUsersDo();

    @BeforeAll
    static void warmUp() {
        Observer.warmUp();
    }

    /**
     * The time stamps of the two heartbeats around the switchover must agree with the report whenever the observer saw
     * both. Its own clock can only if it had a processor at both moments, which a busy machine may deny it in every
     * migration.
     */
    @Test
    void seesTheDowntimeThatIsReported() throws IOException {
        int agreed = 0;
        int migrations = 0;
        long untilNs = System.nanoTime() + Waiting.LIMIT_NS;
        while (agreed < ENOUGH && System.nanoTime() < untilNs) {
            migrations++;
            Pageflip.Agents agents = pageflip.agents(
                    List.of("--ram=16M", "--schedule=handover", "--quiet"),
                    List.of("--run-after=0.05", "--no-verify", "--format=json"));
            try (Observer observer = Observer.of(agents.source())) {
                agents.source().endsWith(0);
                long downtimeNs = Report.parse(agents.destination().endsWith(0).out())
                        .at("/downtime-ns")
                        .asLong();
                Gap gap = observer.end();
                String seen = downtimeNs + " ns reported, and observed: " + gap;
                if (gap != null && gap.beats() <= MOST_BEATS) {
                    assertThat(agree(gap.stampedNs(), downtimeNs)).as(seen).isTrue();
                    agreed += agree(gap.seenNs(), downtimeNs) ? ENOUGH : 1;
                }
                if (agreed < ENOUGH) {
                    System.err.println(
                            "once more: the observer itself got no processor around the switchover: " + seen);
                }
            }
        }
        assertThat(agreed)
                .as("switches that were seen, in %d migrations", migrations)
                .isGreaterThanOrEqualTo(ENOUGH);
    }

    private static boolean agree(long ns, long otherNs) {
        return Math.abs(ns - otherNs) <= Math.max(TOLERANCE_NS, otherNs * TOLERANCE);
    }

    /**
     * What the guest lost, by the report and by the heartbeats that somebody outside counted. The report claims it only
     * if the machine was calm.
     */
    @Test
    void countsTheTimeLostThatIsReported() throws IOException {
        for (int migrations = 1; migrations <= MOST_MIGRATIONS; migrations++) {
            Path trace = pageflip.path("trace" + migrations + ".json");
            Run run = pageflip.start("migrate", "--ram=64M", "--no-verify", "--format=json", "--export-trace=" + trace);
            JsonNode result;
            BeatSamples beats = new BeatSamples(Heartbeat.ramOfAgents(run));
            try (beats) {
                result = Report.parse(run.endsWith(0).out()).run();
            }
            JsonNode lost = result.path("guest-time-lost");
            long beginNs = result.at("/trace/start-ns").asLong();
            long lastedNs = lost.path("lasted-ns").asLong();
            boolean watched = beats.gapNs(beginNs) < 5 * MS && beats.gapNs(beginNs + lastedNs) < 5 * MS;
            if (lost.has("total-ns") && watched) {
                double rate = (lost.path("rate-before").asLong()
                                + lost.path("rate-after").asLong())
                        / 2e9;
                double executed = beats.at(beginNs + lastedNs) - beats.at(beginNs);
                double seenNs = lastedNs - executed / rate;
                double reportedNs = lost.path("total-ns").asDouble();
                // The report counts whole milliseconds, and no part of it can be less than none.
                assertThat(reportedNs)
                        .as("reported %s, and seen %.0f ns of %d ns", lost, seenNs, lastedNs)
                        .isCloseTo(Math.max(0, seenNs), within(4.0 * MS + lastedNs * 0.02));
                return;
            }
        }
        Host.need(false, "the machine was never calm, so no report claimed a loss");
    }

    @Test
    void goesOnWhenTheSourceIsGone() throws IOException, InterruptedException {
        Pageflip.Agents agents = pageflip.agents(
                List.of("--ram=16M", "--fault=kill@resumed"), List.of("--run-after=1000", "--no-verify"));
        try (Observer observer = Observer.of(agents.source())) {
            agents.source().endsWith(128 + 9);

            long before = observer.count();
            Waiting.until("the heart of the guest at the destination", () -> observer.count() > before);
            assertThat(observer.end()).isNotNull();
        }
        agents.destination().signal("TERM");
        agents.destination().endsWith(0);
    }
}
