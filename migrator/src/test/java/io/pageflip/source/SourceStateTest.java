package io.pageflip.source;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

final class SourceStateTest {
    /** Every pair of states: what is not named here is not allowed. */
    private static final String TABLE = """
            STARTING: SETUP FAILED
            SETUP: ACTIVE FAILED
            ACTIVE: DEVICE FAILED LOST
            DEVICE: RELEASED FAILED LOST
            RELEASED: COMPLETED FAILED LOST
            COMPLETED: LOST
            FAILED:
            LOST:""";

    @Test
    void exactlyTheDocumentedTransitionsAreAllowed() {
        assertThat(Arrays.stream(SourceState.values())
                        .map(state -> state + ":"
                                + Arrays.stream(SourceState.values())
                                        .filter(state.next()::contains)
                                        .map(next -> " " + next)
                                        .collect(Collectors.joining()))
                        .collect(Collectors.joining("\n")))
                .isEqualTo(TABLE);
    }

    @ParameterizedTest
    @EnumSource
    void noStateIsItsOwnSuccessor(SourceState state) {
        assertThat(state.next()).doesNotContain(state);
    }

    @Test
    void whatIsHandedOverIsNeverTakenBack() {
        assertThat(SourceState.COMPLETED.next()).doesNotContain(SourceState.FAILED);
        assertThat(SourceState.LOST.next()).isEmpty();
        assertThat(SourceState.FAILED.next()).isEmpty();
    }
}
