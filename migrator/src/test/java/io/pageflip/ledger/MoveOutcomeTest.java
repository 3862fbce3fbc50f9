package io.pageflip.ledger;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class MoveOutcomeTest {
    @ParameterizedTest
    @CsvSource({"-17, ALREADY_PRESENT", "-14, HOLE", "-2, NO_MAPPING"})
    void anErrorNumberHasOneMeaning(long result, MoveOutcome outcome) {
        assertThat(MoveOutcome.of(result)).isEqualTo(outcome);
    }

    @Test
    void everythingElseIsNoOutcome() {
        for (long result = -200; result <= 200; result++) {
            long other = result;
            if (other != -17 && other != -14 && other != -2) {
                assertThatIllegalArgumentException()
                        .as("result %d", other)
                        .isThrownBy(() -> MoveOutcome.of(other))
                        .withMessage("no outcome of a move: " + other);
            }
        }
    }
}
