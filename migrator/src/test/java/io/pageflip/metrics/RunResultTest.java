package io.pageflip.metrics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import io.pageflip.ram.Adoption;
import io.pageflip.verification.Verification;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The JSON that scripts rely on: names and types, exactly. */
final class RunResultTest {
    private static final VerificationResult MATCH =
            VerificationResult.of(new Verification(8256, 0, 0, 0, 0, true, true, 12));

    private static final Measured MEASURED = new Measured(
            812,
            790,
            new Measured.Ram(33_817_088, 270_000, 0, 2, 8255, 33_808_896, 4096, 1234.5, 3_000_000),
            new DowntimePhases(1, 2, 3, 4, 5, 6, 7, 2_712_317),
            null,
            null,
            null,
            List.of(
                    new Measured.Block(
                            "ram", "memfd", 4096, 16 << 20, new PageCounts(4096, 4094, 0, 2, Map.of()), 1_700_000),
                    new Measured.Block(
                            "rom",
                            "anonymous",
                            4096,
                            17_044_992,
                            new PageCounts(4161, 4096, 65, 0, Map.of("private-memory", 64L, "not-page-sized", 1L)),
                            100)),
            new Evidence(true, 8190, 8189, 1, 0, Evidence.DecidedBy.FRAMES),
            new Measured.GuestActivity(500_000_000, 40_000, 10_000),
            new Throughput(1_000_000, -1_500_000, 7_000_000, List.of(80L, 40L, 0L, 79L), 80_000, 3_500_000L),
            new GuestTimeLost(80_000, 79_000, 300_000_000, 900_000L, 100_000L, 400_000L),
            new MigrationGaps(2, List.of(new MigrationGaps.Gap(-1_500_000, 750_000, MigrationGaps.Phase.READY))),
            new IdleGaps(200_000_000, 2_100_000, List.of(2_100_000L, 300_000L)),
            null);

    private static final Adoption.Figures ADOPTED =
            new Adoption.Figures(260, 262_144, 40_000_000, 66_000_000, 16, 7, 350_000);

    private static final PrecopyResult PRECOPY = new PrecopyResult("write-protect", 300, List.of());

    private static final RunResult COMPLETED =
            RunResult.completed(MEASURED, MATCH).with(new SourceSide(99_000_000L, null, null, null));

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
                        "guest-time-lost",
                        "migration-gaps",
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
                .containsExactlyInAnyOrder(
                        "total", "moved", "copied", "declined", "zero", "copy-reasons", "decline-reasons");
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
                .containsExactlyInAnyOrder(
                        "slot-ns", "from-ns", "last-instruction-ns", "instructions", "rate-before", "recovered-ns");
        assertThat(keys(run.get("idle-gaps-ns"))).containsExactlyInAnyOrder("watched", "max", "longest");
    }

    @Test
    void evidenceOfPagesThatAThirdProcessMapsIsThereWhereThereIsOne() throws JsonProcessingException {
        JsonNode seen = ResultJson.MAPPER.valueToTree(
                new Evidence(true, 8, 8, 0, 0, Evidence.DecidedBy.FRAMES, new Evidence.StillMapped(5, 4L, 5, 5)));
        assertThat(seen.get("still-mapped").toString())
                .isEqualTo("{\"pages\":5,\"confirmed\":4,\"compared\":5,\"elsewhere\":5}");
        JsonNode hidden = ResultJson.MAPPER.valueToTree(new Evidence.StillMapped(5, null, 0, 0));
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
                Owner.SOURCE,
                VerificationResult.SKIPPED,
                new Failure(Failure.Kind.MIGRATION_FAILED, "the destination died"));
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

    static List<RunResult> results() {
        Failure failure = new Failure(Failure.Kind.MIGRATION_FAILED, "lost \"it\"");
        Failure asked = new Failure(Failure.Kind.CANCELLED, "interrupted");
        return List.of(
                COMPLETED,
                RunResult.completed(MEASURED, VerificationResult.SKIPPED),
                COMPLETED.with(new SourceSide(0L, PRECOPY, ADOPTED, new FuseResult(1, 2, 3, 4))),
                RunResult.unreported(null),
                RunResult.unreported(new Failure(Failure.Kind.NO_REPORT, "no word")),
                RunResult.ended(MigrationStatus.FAILED, Owner.SOURCE, MATCH, failure),
                RunResult.ended(MigrationStatus.FAILED, Owner.UNKNOWN, null, failure)
                        .with(SourceSide.NONE.withPrecopy(PRECOPY).withAdopt(ADOPTED)),
                RunResult.ended(MigrationStatus.CANCELLED, Owner.NOBODY_YET, null, asked),
                RunResult.lost("two\nlines").with(SourceSide.NONE.withAdopt(ADOPTED)));
    }

    @ParameterizedTest
    @MethodSource("results")
    void everyResultIsReadBackUnchanged(RunResult result) throws JsonProcessingException {
        assertThat(ResultJson.MAPPER.readValue(ResultJson.write(result), RunResult.class))
                .isEqualTo(result);
    }

    @Test
    void keysOfACompletedMigrationAreInTheDocumentedOrder() throws JsonProcessingException {
        RunResult all = RunResult.completed(postcopied(), MATCH)
                .with(new SourceSide(0L, PRECOPY, ADOPTED, new FuseResult(1, 2, 3, 4)))
                .withError(new Failure(Failure.Kind.NO_REPORT, "no word"));
        assertThat(keys(tree(all)))
                .containsExactly(
                        "status",
                        "owner",
                        "total-time",
                        "setup-time",
                        "downtime",
                        "ram",
                        "downtime-ns",
                        "downtime-phases-ns",
                        "practice-ns",
                        "blackout-ns",
                        "postcopy",
                        "pages",
                        "blocks",
                        "evidence",
                        "guest",
                        "throughput",
                        "guest-time-lost",
                        "migration-gaps",
                        "idle-gaps-ns",
                        "trace",
                        "verification",
                        "peak-pss-bytes",
                        "precopy",
                        "adopt",
                        "fuse",
                        "error");
        assertThat(keys(tree(all).get("pages")))
                .containsExactly("total", "moved", "copied", "declined", "zero", "copy-reasons", "decline-reasons");
    }

    private static Measured postcopied() {
        PostcopyResult.Wait wait = new PostcopyResult.Wait(1, 2, 3, 4, 5);
        return new Measured(
                MEASURED.totalTimeMs(),
                MEASURED.setupTimeMs(),
                MEASURED.ram(),
                MEASURED.downtimePhasesNs(),
                14_000L,
                300_000L,
                new PostcopyResult(1, 2, 3, 4, 5, wait, 6, 0, 0),
                MEASURED.blocks(),
                MEASURED.evidence(),
                MEASURED.guest(),
                MEASURED.throughput(),
                MEASURED.guestTimeLost(),
                MEASURED.migrationGaps(),
                MEASURED.idleGapsNs(),
                new Trace(
                        17,
                        18,
                        6_000_000,
                        6_500_000,
                        List.of(new Trace.Vcpu(
                                7_000_000,
                                7_100_000,
                                7_200_000L,
                                new Trace.Slices(List.of(7_300_000L), List.of(40_000L), List.of(), 2))),
                        new Trace.Slices(List.of(6_100_000L), List.of(9_000L), List.of(512L), 0),
                        Trace.Slices.NONE));
    }

    @Test
    void whatFollowsFromWhatWasMeasuredCannotContradictIt() {
        assertThat(MEASURED.downtimeNs()).isEqualTo(MEASURED.downtimePhasesNs().total());
        assertThat(MEASURED.downtimeMs()).isEqualTo(3);
        assertThat(MEASURED.pages())
                .isEqualTo(new PageCounts(8257, 8190, 65, 2, Map.of("private-memory", 64L, "not-page-sized", 1L)));
    }

    @Test
    void aCompletedMigrationEndsAtTheDestination() {
        RunResult result = RunResult.completed(MEASURED, MATCH);
        assertThat(result.status()).isEqualTo(MigrationStatus.COMPLETED);
        assertThat(result.owner()).isEqualTo(Owner.DESTINATION);
        assertThat(result.source()).isEqualTo(SourceSide.NONE);
    }

    @ParameterizedTest
    @CsvSource({
        // status, owner, measured, verified, error: one result?
        "COMPLETED, DESTINATION, true,  true,  false, true",
        "COMPLETED, DESTINATION, false, false, false, true",
        "COMPLETED, DESTINATION, false, false, true,  true",
        "COMPLETED, DESTINATION, true,  false, false, false",
        "COMPLETED, SOURCE,      true,  true,  false, false",
        "COMPLETED, NOBODY,      false, false, false, false",
        "COMPLETED, UNKNOWN,     false, false, false, false",
        "COMPLETED, NOBODY_YET,  false, false, false, false",
        "FAILED,    SOURCE,      false, true,  true,  true",
        "FAILED,    SOURCE,      false, false, true,  true",
        "FAILED,    UNKNOWN,     false, false, true,  true",
        "FAILED,    NOBODY_YET,  false, false, true,  true",
        "FAILED,    NOBODY_YET,  false, true,  true,  false",
        "FAILED,    SOURCE,      false, true,  false, false",
        "FAILED,    SOURCE,      true,  true,  true,  false",
        "FAILED,    DESTINATION, false, false, true,  false",
        "FAILED,    NOBODY,      false, false, true,  false",
        "CANCELLED, SOURCE,      false, true,  true,  true",
        "CANCELLED, NOBODY_YET,  false, false, true,  true",
        "CANCELLED, DESTINATION, false, false, true,  false",
        "CANCELLED, SOURCE,      false, false, false, false",
        "LOST,      NOBODY,      false, false, true,  true",
        "LOST,      NOBODY,      false, false, false, false",
        "LOST,      SOURCE,      false, false, true,  false",
        "SETUP,     SOURCE,      false, false, true,  false",
        "ACTIVE,    SOURCE,      false, false, true,  false",
        "DEVICE,    SOURCE,      false, false, true,  false",
    })
    void onlyWhatIsValidTogetherIsAResult(
            MigrationStatus status, Owner owner, boolean measured, boolean verified, boolean error, boolean valid) {
        ThrowingCallable make = () -> new RunResult(
                status,
                owner,
                measured ? MEASURED : null,
                verified ? MATCH : null,
                SourceSide.NONE,
                error ? new Failure(Failure.Kind.MIGRATION_FAILED, "why") : null);
        if (valid) {
            assertThatCode(make).doesNotThrowAnyException();
        } else {
            assertThatIllegalArgumentException().isThrownBy(make).withMessageStartingWith("no result of a migration: ");
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{}",
                "{\"status\":\"completed\"}",
                "{\"status\":\"completed\",\"owner\":\"somebody\"}",
                "{\"status\":\"completed\",\"owner\":\"nobody\"}",
                "{\"status\":\"completed\",\"owner\":\"destination\",\"downtime-phases-ns\":{}}",
                "[]",
            })
    void aPeersReportThatIsNoneIsRefused(String json) {
        assertThatExceptionOfType(JsonProcessingException.class)
                .isThrownBy(() -> ResultJson.MAPPER.readValue(json, RunResult.class));
    }

    @Test
    void aVerificationWhoseStatusIsNotWhatItFoundIsRefused() throws JsonProcessingException {
        String json = ResultJson.write(MATCH);
        assertThat(ResultJson.MAPPER.readValue(json, VerificationResult.class)).isEqualTo(MATCH);
        assertThatExceptionOfType(JsonProcessingException.class)
                .isThrownBy(() -> ResultJson.MAPPER.readValue(
                        json.replace("\"lost\":0", "\"lost\":1"), VerificationResult.class));
    }

    @ParameterizedTest
    @EnumSource
    void ownersAreNamedAsReportsNameThem(Owner owner) {
        assertThat(ResultJson.write(owner)).isEqualTo('"' + owner.toString() + '"');
        assertThat(owner).hasToString(owner.name().toLowerCase(Locale.ROOT).replace('_', '-'));
    }

    @ParameterizedTest
    @EnumSource
    void kindsOfFailureAreNamedAsReportsNameThem(Failure.Kind kind) {
        assertThat(ResultJson.write(kind)).isEqualTo('"' + kind.toString() + '"');
        assertThat(kind).hasToString(kind.name().toLowerCase(Locale.ROOT).replace('_', '-'));
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
        RunResult other = COMPLETED.with(new SourceSide(5L, null, null, null));
        assertThat(other)
                .usingRecursiveComparison()
                .ignoringFields("source.peakPssBytes")
                .isEqualTo(COMPLETED);
        assertThat(other.source().peakPssBytes()).isEqualTo(5);
    }

    @Test
    void anAdoptionIsReportedInTheDocumentedUnits() throws JsonProcessingException {
        RunResult adopted = COMPLETED.with(new SourceSide(99_000_000L, null, ADOPTED, null));

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
        assertThat(ResultJson.MAPPER.readValue(ResultJson.write(adopted), RunResult.class))
                .isEqualTo(adopted);
        Failure late = new Failure(Failure.Kind.NO_REPORT, "no word");
        assertThat(adopted.withError(late).source()).isEqualTo(adopted.source());
    }

    @Test
    void theReasonCanBeReplaced() {
        Failure first = new Failure(Failure.Kind.MIGRATION_FAILED, "peer gone");
        Failure better = new Failure(Failure.Kind.HOST_LACKS, "no userfaultfd");
        RunResult result = RunResult.ended(MigrationStatus.FAILED, Owner.SOURCE, MATCH, first);
        assertThat(result.withError(better))
                .isEqualTo(RunResult.ended(MigrationStatus.FAILED, Owner.SOURCE, MATCH, better));
    }

    @ParameterizedTest
    @CsvSource({
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
        VerificationResult result =
                VerificationResult.of(new Verification(100, lost, stale, torn, misplaced, vcpus, console, 3));
        assertThat(result.status()).hasToString(status);
        JsonNode json = ResultJson.MAPPER.valueToTree(result);
        assertThat(json.toString())
                .isEqualTo(("{'status':'%s','pages':100,'lost':%d,'stale':%d,'torn':%d,'misplaced':%d,'vcpus':%b,"
                                + "'console':%b,'console-lines':3}")
                        .replace('\'', '"')
                        .formatted(status, lost, stale, torn, misplaced, vcpus, console));
        assertThat(result.mismatch()).isEqualTo(status.equals("mismatch"));
    }
}
