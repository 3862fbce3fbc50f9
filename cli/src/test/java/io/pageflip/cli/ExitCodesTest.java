package io.pageflip.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.pageflip.metrics.MigrationStatus;
import io.pageflip.metrics.RunResult;
import io.pageflip.metrics.RunResult.Evidence;
import io.pageflip.metrics.RunResult.VerificationResult;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class ExitCodesTest {
    @ParameterizedTest
    @CsvSource({
        // status, verification, error, exit code
        "COMPLETED, match,    ,                 0",
        "COMPLETED, skipped,  ,                 0",
        "COMPLETED, ,         no-report,        0",
        "COMPLETED, mismatch, ,                 3",
        "FAILED,    match,    migration-failed, 1",
        "FAILED,    ,         migration-failed, 1",
        "FAILED,    mismatch, migration-failed, 3",
        "FAILED,    ,         host-lacks,       4",
        "FAILED,    ,         usage,            2",
        "CANCELLED, match,    cancelled,        1",
        "CANCELLED, ,         ,                 1",
        "LOST,      ,         guest-lost,       5",
        "LOST,      mismatch, guest-lost,       3",
    })
    void followFromStatusVerificationAndError(
            MigrationStatus status, @Nullable String verification, @Nullable String error, int expected) {
        assertThat(ExitCodes.of(RunResult.ended(status, "source", verification(verification), failure(error))))
                .isEqualTo(expected);
    }

    @ParameterizedTest
    @CsvSource({"0, 0", "1, 3"})
    void aFrameThatDiffersWithoutAnExcuseIsADifference(long different, int expected) {
        Evidence evidence = new Evidence(true, 10, 10 - different, 0, different, "frames");
        RunResult result = new RunResult(
                MigrationStatus.COMPLETED,
                "destination",
                null,
                null,
                null,
                null,
                null,
                null,
                null,
                null,
                null,
                null,
                null,
                evidence,
                verification("match"),
                null,
                null,
                null,
                null,
                null,
                null,
                null,
                null);

        assertThat(ExitCodes.of(result)).isEqualTo(expected);
    }

    private static @Nullable VerificationResult verification(@Nullable String status) {
        return status == null ? null : new VerificationResult(status, 1, 0, 0, 0, 0, true, true, 1L);
    }

    private static RunResult.@Nullable Failure failure(@Nullable String kind) {
        return kind == null ? null : new RunResult.Failure(kind, "why");
    }
}
