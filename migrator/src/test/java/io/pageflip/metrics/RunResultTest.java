package io.pageflip.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import io.pageflip.ram.Adoption;
import io.pageflip.verification.Verification;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The JSON that scripts rely on: names and types, exactly. */
final class RunResultTest {
    private static final RunResult.VerificationResult MATCH =
            RunResult.VerificationResult.of(new Verification(8256, 0, 0, 0, 0, true, true, 12));

    private static final RunResult COMPLETED = new RunResult(
            MigrationStatus.COMPLETED,
            "destination",
            812L,
            790L,
            3L,
            new RunResult.Ram(33_817_088, 270_000, 0, 2, 8255, 33_808_896, 4096, 1234.5, 3_000_000),
            2_712_345L,
            new DowntimePhases(1, 2, 3, 4, 5, 6, 7, 8),
            null,
            null,
            null,
            new PageCounts(8257, 8190, 65, 2, Map.of("private-memory", 64L, "not-page-sized", 1L)),
            List.of(new RunResult.Block(
                    "ram", "memfd", 4096, 16 << 20, new PageCounts(4096, 4094, 0, 2, Map.of()), 1_700_000)),
            new RunResult.Evidence(true, 8190, 8189, 1, 0, "frames"),
            MATCH,
            new RunResult.GuestActivity(500_000_000, 40_000, 10_000),
            new Throughput(1_000_000, -1_500_000, List.of(80L, 40L, 0L, 79L), 80_000, 3_500_000L),
            new IdleGaps(200_000_000, 2_100_000, List.of(2_100_000L, 300_000L)),
            99_000_000L,
            null,
            null,
            null,
            null);

    private static JsonNode tree(RunResult result) throws JsonProcessingException {
        return ResultJson.MAPPER.readTree(ResultJson.write(result));
    }

    private static List<String> keys(JsonNode node) {
        List<String> names = new ArrayList<>();
        node.fieldNames().forEachRemaining(names::add);
        return names;
    }

    @Test
    void keysOfACompletedMigrationAreTheDocumentedOnes() throws JsonProcessingException {
        JsonNode run = tree(COMPLETED);
        assertThat(keys(run))
                .containsExactlyInAnyOrder(
                        "status",
                        "owner",
                        "total-time",
                        "setup-time",
                        "downtime",
                        "ram",
                        "downtime-ns",
                        "downtime-phases-ns",
                        "pages",
                        "blocks",
                        "evidence",
                        "verification",
                        "guest",
                        "throughput",
                        "idle-gaps-ns",
                        "peak-pss-bytes");
        assertThat(keys(run.get("ram")))
                .containsExactlyInAnyOrder(
                        "total",
                        "transferred",
                        "remaining",
                        "duplicate",
                        "normal",
                        "normal-bytes",
                        "page-size",
                        "mbps",
                        "pages-per-second");
        assertThat(keys(run.get("downtime-phases-ns")))
                .containsExactlyInAnyOrder("stop", "pages", "save", "release", "notice", "lock", "load", "resume");
        assertThat(keys(run.get("pages")))
                .containsExactlyInAnyOrder("total", "moved", "copied", "zero", "copy-reasons");
        assertThat(keys(run.get("pages").get("copy-reasons")))
                .containsExactlyInAnyOrder("private-memory", "not-page-sized");
        assertThat(keys(run.get("blocks").get(0)))
                .containsExactlyInAnyOrder("name", "backing", "page-size", "bytes", "pages", "pages-ns");
        assertThat(keys(run.get("evidence")))
                .containsExactlyInAnyOrder(
                        "frames-visible", "compared", "same", "relocated-by-kernel", "different", "decided-by");
        assertThat(keys(run.get("verification")))
                .containsExactlyInAnyOrder(
                        "status", "pages", "lost", "stale", "torn", "misplaced", "vcpus", "console", "console-lines");
        assertThat(keys(run.get("guest"))).containsExactlyInAnyOrder("ran-for-ns", "instructions", "pages-written");
        assertThat(keys(run.get("throughput")))
                .containsExactlyInAnyOrder("slot-ns", "from-ns", "instructions", "rate-before", "recovered-ns");
        assertThat(keys(run.get("idle-gaps-ns"))).containsExactlyInAnyOrder("watched", "max", "longest");
    }

    @Test
    void evidenceOfPagesThatAThirdProcessMapsIsThereWhereThereIsOne() throws JsonProcessingException {
        JsonNode seen = ResultJson.MAPPER.valueToTree(
                new RunResult.Evidence(true, 8, 8, 0, 0, "frames", new RunResult.StillMapped(5, 4L, 5, 5)));
        assertThat(seen.get("still-mapped").toString())
                .isEqualTo("{\"pages\":5,\"confirmed\":4,\"compared\":5,\"elsewhere\":5}");
        JsonNode hidden = ResultJson.MAPPER.valueToTree(new RunResult.StillMapped(5, null, 0, 0));
        assertThat(keys(hidden)).containsExactlyInAnyOrder("pages", "compared", "elsewhere");
    }

    @Test
    void valuesAreInTheDocumentedUnits() throws JsonProcessingException {
        JsonNode run = tree(COMPLETED);
        assertThat(run.get("status").textValue()).isEqualTo("completed");
        assertThat(run.get("total-time").isIntegralNumber()).isTrue();
        assertThat(run.get("total-time").longValue()).isEqualTo(812);
        assertThat(run.get("setup-time").longValue()).isEqualTo(790);
        assertThat(run.get("downtime").longValue()).isEqualTo(3);
        assertThat(run.get("downtime-ns").longValue()).isEqualTo(2_712_345);
        assertThat(run.get("ram").get("normal-bytes").longValue()).isEqualTo(33_808_896);
        assertThat(run.get("ram").get("mbps").doubleValue()).isEqualTo(1234.5);
        assertThat(run.get("pages").get("copy-reasons").get("private-memory").longValue())
                .isEqualTo(64);
        assertThat(run.get("evidence").get("frames-visible").isBoolean()).isTrue();
        assertThat(run.get("verification").get("status").textValue()).isEqualTo("match");
        assertThat(run.get("peak-pss-bytes").longValue()).isEqualTo(99_000_000);
    }

    @Test
    void whatAFailedMigrationNeverReachedIsAbsent() throws JsonProcessingException {
        RunResult failed = RunResult.ended(
                MigrationStatus.FAILED,
                "source",
                RunResult.VerificationResult.SKIPPED,
                new RunResult.Failure("migration-failed", "the destination died"));
        JsonNode run = tree(failed);
        assertThat(keys(run)).containsExactlyInAnyOrder("status", "owner", "verification", "error");
        assertThat(keys(run.get("error"))).containsExactlyInAnyOrder("class", "message");
        assertThat(run.get("error").get("class").textValue()).isEqualTo("migration-failed");
        assertThat(run.get("error").get("message").textValue()).isEqualTo("the destination died");
        assertThat(keys(run.get("verification")))
                .containsExactlyInAnyOrder("status", "pages", "lost", "stale", "torn", "misplaced");
        assertThat(run.get("verification").get("status").textValue()).isEqualTo("skipped");
    }

    @Test
    void aCompletedResultIsReadBackUnchanged() throws JsonProcessingException {
        assertThat(ResultJson.MAPPER.readValue(ResultJson.write(COMPLETED), RunResult.class))
                .isEqualTo(COMPLETED);
    }

    @ParameterizedTest
    @EnumSource
    void anEndedResultIsReadBackUnchanged(MigrationStatus status) throws JsonProcessingException {
        RunResult ended = RunResult.ended(status, "nobody", MATCH, new RunResult.Failure("guest-lost", "lost \"it\""));
        assertThat(ResultJson.MAPPER.readValue(ResultJson.write(ended), RunResult.class))
                .isEqualTo(ended);
    }

    @Test
    void aNewerPeersUnknownKeysAreIgnored() throws JsonProcessingException {
        String json = ResultJson.write(COMPLETED);
        String newer = "{\"colour\":\"blue\"," + json.substring(1);
        assertThat(ResultJson.MAPPER.readValue(newer, RunResult.class)).isEqualTo(COMPLETED);
    }

    @Test
    void statusesAreQemusAndLost() {
        assertThat(MigrationStatus.values())
                .extracting(MigrationStatus::toString)
                .containsExactly("setup", "active", "device", "completed", "failed", "cancelled", "lost");
    }

    @Test
    void peakMemoryCanBeCompletedLater() {
        RunResult other = COMPLETED.withPeakPss(5);
        assertThat(other)
                .usingRecursiveComparison()
                .ignoringFields("peakPssBytes")
                .isEqualTo(COMPLETED);
        assertThat(other.peakPssBytes()).isEqualTo(5);
    }

    @Test
    void anAdoptionIsReportedInTheDocumentedUnits() throws JsonProcessingException {
        RunResult adopted =
                COMPLETED.withAdopt(new Adoption.Figures(260, 262_144, 40_000_000, 66_000_000, 16, 7, 350_000));

        JsonNode adopt = tree(adopted).get("adopt");
        assertThat(keys(adopt))
                .containsExactlyInAnyOrder(
                        "chunks",
                        "chunk-bytes",
                        "duration-ns",
                        "copied-bytes",
                        "pinned-pages",
                        "waits",
                        "longest-stall-ns");
        assertThat(adopt.get("longest-stall-ns").longValue()).isEqualTo(350_000);
        assertThat(adopted.withPeakPss(99_000_000L).withPrecopy(null)).isEqualTo(adopted);
        assertThat(ResultJson.MAPPER.readValue(ResultJson.write(adopted), RunResult.class))
                .isEqualTo(adopted);
        assertThat(adopted.withError(null).adopt()).isEqualTo(adopted.adopt());
    }

    @Test
    void theReasonCanBeReplaced() {
        RunResult.Failure first = new RunResult.Failure("migration-failed", "peer gone");
        RunResult.Failure better = new RunResult.Failure(RunResult.Failure.HOST_LACKS, "no userfaultfd");
        RunResult result = RunResult.ended(MigrationStatus.FAILED, "source", MATCH, first);
        assertThat(result.withError(better))
                .isEqualTo(RunResult.ended(MigrationStatus.FAILED, "source", MATCH, better));
    }

    @ParameterizedTest
    @org.junit.jupiter.params.provider.CsvSource({
        "0, 0, 0, 0, true, true, match",
        "1, 0, 0, 0, true, true, mismatch",
        "0, 1, 0, 0, true, true, mismatch",
        "0, 0, 1, 0, true, true, mismatch",
        "0, 0, 0, 1, true, true, mismatch",
        "0, 0, 0, 0, false, true, mismatch",
        "0, 0, 0, 0, true, false, mismatch",
    })
    void everyDifferenceIsAMismatch(
            long lost, long stale, long torn, long misplaced, boolean vcpus, boolean console, String status) {
        RunResult.VerificationResult result =
                RunResult.VerificationResult.of(new Verification(100, lost, stale, torn, misplaced, vcpus, console, 3));
        assertThat(result)
                .isEqualTo(new RunResult.VerificationResult(
                        status, 100, lost, stale, torn, misplaced, vcpus, console, 3L));
        assertThat(result.mismatch()).isEqualTo(status.equals("mismatch"));
    }
}
