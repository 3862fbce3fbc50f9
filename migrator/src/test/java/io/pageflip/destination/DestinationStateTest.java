package io.pageflip.destination;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

final class DestinationStateTest {
    /** Every pair of states: what is not named here is not allowed. */
    private static final String TABLE = """
            SETUP: ACTIVE FAILED
            ACTIVE: DEVICE FAILED
            DEVICE: COMPLETED FAILED LOST
            COMPLETED: LOST
            FAILED:
            LOST:""";

    @Test
    void exactlyTheDocumentedTransitionsAreAllowed() {
        assertThat(Arrays.stream(DestinationState.values())
                        .map(state -> state + ":"
                                + Arrays.stream(DestinationState.values())
                                        .filter(state.next()::contains)
                                        .map(next -> " " + next)
                                        .collect(Collectors.joining()))
                        .collect(Collectors.joining("\n")))
                .isEqualTo(TABLE);
    }
}
