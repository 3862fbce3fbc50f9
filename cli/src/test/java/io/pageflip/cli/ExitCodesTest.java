package io.pageflip.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.pageflip.metrics.DowntimePhases;
import io.pageflip.metrics.Evidence;
import io.pageflip.metrics.Failure;
import io.pageflip.metrics.IdleGaps;
import io.pageflip.metrics.Measured;
import io.pageflip.metrics.MigrationGaps;
import io.pageflip.metrics.MigrationStatus;
import io.pageflip.metrics.Owner;
import io.pageflip.metrics.RunResult;
import io.pageflip.metrics.SourceSide;
import io.pageflip.metrics.Throughput;
import io.pageflip.metrics.VerificationResult;
import io.pageflip.verification.Verification;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class ExitCodesTest {
    private static final Verification FOUND = new Verification(1, 0, 0, 0, 0, true, true, 1);

    @ParameterizedTest
    @CsvSource({
        // status, verification, error, exit code
        "COMPLETED, MATCH, , 0",
        "COMPLETED, SKIPPED, , 0",
        "COMPLETED, , NO_REPORT, 0",
        "COMPLETED, MISMATCH, , 3",
        "FAILED, MATCH, MIGRATION_FAILED, 1",
        "FAILED, , MIGRATION_FAILED, 1",
        "FAILED, MISMATCH, MIGRATION_FAILED, 3",
        "FAILED, , HOST_LACKS, 4",
        "FAILED, , USAGE, 2",
        "CANCELLED, MATCH, CANCELLED, 1",
        "CANCELLED, , CANCELLED, 1",
        "LOST, , GUEST_LOST, 5",
        "LOST, MISMATCH, GUEST_LOST, 3",
    })
    void followFromStatusVerificationAndError(
            MigrationStatus status,
            VerificationResult.@Nullable Status verification,
            Failure.@Nullable Kind error,
            int expected) {
        Measured measured =
                status == MigrationStatus.COMPLETED && verification != null ? measured(Evidence.HIDDEN) : null;
        Owner owner = switch (status) {
            case COMPLETED -> Owner.DESTINATION;
            case LOST -> Owner.NOBODY;
            default -> Owner.SOURCE;
        };
        Failure failure = error == null ? null : new Failure(error, "why");
        assertThat(ExitCodes.of(
                        new RunResult(status, owner, measured, verification(verification), SourceSide.NONE, failure)))
                .isEqualTo(expected);
    }

    @Test
    void aRunThatEndedBeforeThereWasAGuestHasFailed() {
        Failure asked = new Failure(Failure.Kind.CANCELLED, "interrupted");
        assertThat(ExitCodes.of(RunResult.ended(MigrationStatus.CANCELLED, Owner.NOBODY_YET, null, asked)))
                .isEqualTo(1);
    }

    @ParameterizedTest
    @CsvSource({"0, 0", "1, 3"})
    void aFrameThatDiffersWithoutAnExcuseIsADifference(long different, int expected) {
        Evidence evidence = new Evidence(true, 10, 10 - different, 0, different, Evidence.DecidedBy.FRAMES);
        RunResult result = RunResult.completed(measured(evidence), VerificationResult.of(FOUND));

        assertThat(ExitCodes.of(result)).isEqualTo(expected);
    }

    private static @Nullable VerificationResult verification(VerificationResult.@Nullable Status status) {
        if (status == null) {
            return null;
        }
        return switch (status) {
            case MATCH -> VerificationResult.of(FOUND);
            case MISMATCH -> VerificationResult.of(new Verification(1, 1, 0, 0, 0, true, true, 1));
            case SKIPPED -> VerificationResult.SKIPPED;
        };
    }

    private static Measured measured(Evidence evidence) {
        return new Measured(
                1,
                1,
                new Measured.Ram(0, 0, 0, 0, 0, 0, 4096, 0, 0),
                new DowntimePhases(0, 0, 0, 0, 0, 0, 0, 0),
                null,
                null,
                null,
                List.of(),
                evidence,
                new Measured.GuestActivity(1, 1, 1),
                new Throughput(1, 0, 0, List.of(), 0, null),
                null,
                MigrationGaps.of(List.of()),
                new IdleGaps(0, 0, List.of()),
                null);
    }
}
