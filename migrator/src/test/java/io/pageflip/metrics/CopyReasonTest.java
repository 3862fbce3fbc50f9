package io.pageflip.metrics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.Arrays;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

final class CopyReasonTest {
    /** On the wire and in reports: neither a number nor a name may ever change. 6 and 7 are not used again. */
    private static final String STABLE = """
            1 not-page-sized
            2 private-memory
            3 kernel-declined
            4 not-gifted
            5 move-not-requested
            8 mechanism-copies
            9 pinned
            10 not-stealable
            11 still-mapped""";

    @Test
    void numbersAndNamesAreThoseOfTheProtocol() {
        assertThat(Arrays.stream(CopyReason.values())
                        .map(reason -> reason.code() + " " + reason)
                        .collect(Collectors.joining("\n")))
                .isEqualTo(STABLE);
    }

    @ParameterizedTest
    @EnumSource
    void codeLeadsBackToTheReason(CopyReason reason) {
        assertThat(CopyReason.ofCode(reason.code())).isSameAs(reason);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 6, 7, 12, 255, -1})
    void unknownCodeIsRefused(int code) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> CopyReason.ofCode(code))
                .withMessage("no copy reason has number " + code);
    }
}
