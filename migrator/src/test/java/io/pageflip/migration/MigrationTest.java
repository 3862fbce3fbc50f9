package io.pageflip.migration;

import static org.assertj.core.api.Assertions.assertThat;

import io.pageflip.metrics.Failure;
import io.pageflip.metrics.MigrationStatus;
import io.pageflip.metrics.Owner;
import io.pageflip.metrics.RunResult;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class MigrationTest {
    private static final RunResult SOURCE = RunResult.ended(
            MigrationStatus.FAILED,
            Owner.SOURCE,
            null,
            new Failure(Failure.Kind.MIGRATION_FAILED, "the destination is gone"));

    @ParameterizedTest
    @CsvSource({
        "failed, nobody-yet, migration-failed, no thread, the destination is gone; the destination failed: no thread",
        "failed, nobody-yet, host-lacks, no userfaultfd, no userfaultfd",
        "failed, unknown, migration-failed, the source is gone, the destination is gone",
        "cancelled, nobody-yet, cancelled, interrupted by a signal, the destination is gone",
        "failed, nobody-yet, migration-failed, the source has given up: the destination is gone, the destination is gone",
        "failed, nobody-yet, migration-failed, gone, the destination is gone",
    })
    void aFailureSaysWhatOnlyTheDestinationKnows(
            String status, String owner, String kind, String destination, String said) {
        RunResult theirs = RunResult.ended(
                of(MigrationStatus.values(), status),
                of(Owner.values(), owner),
                null,
                new Failure(of(Failure.Kind.values(), kind), destination));

        assertThat(Migration.explained(SOURCE, theirs))
                .isEqualTo(SOURCE.withError(new Failure(
                        said.equals(destination) && kind.equals("host-lacks")
                                ? Failure.Kind.HOST_LACKS
                                : Failure.Kind.MIGRATION_FAILED,
                        said)));
    }

    private static <T> T of(T[] values, String name) {
        for (T value : values) {
            if (value.toString().equals(name)) {
                return value;
            }
        }
        throw new IllegalArgumentException(name);
    }
}
