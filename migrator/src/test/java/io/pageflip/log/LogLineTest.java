package io.pageflip.log;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class LogLineTest {
    @Test
    void hasTimeSideAndEvent() {
        assertThat(line(1_862_123_456_789L, "source", "sent", "HELLO"))
                .isEqualTo("    1862.123456789 source      sent HELLO\n");
        assertThat(line(5_000_000_042L, "destination", "the guest's state is saved", null))
                .isEqualTo("       5.000000042 destination the guest's state is saved\n");
    }

    @ParameterizedTest
    @CsvSource({"1, 2", "999999999, 1000000000", "9000000000, 10000000000", "99999999999999, 100000000000000"})
    void sortsByTimeAsText(long earlierNs, long laterNs) {
        assertThat(line(earlierNs, "source", "z", null)).isLessThan(line(laterNs, "destination", "a", null));
    }

    @Test
    void isOneLineWhateverTheDetailSays() {
        assertThat(line(1, "source", "received", "FAILED reason: a\nb\r\n\tc\u001b[K"))
                .endsWith(" received FAILED reason: a b   c [K\n")
                .containsOnlyOnce("\n");
    }

    /** Of a line that ends in the middle of a character's bytes, the whole character goes. */
    @ParameterizedTest
    @ValueSource(strings = {"x", "\u00e9", "\u20ac", "\ud83d\ude00"})
    void isShortenedToWhatOneWriteTakes(String character) {
        for (int shift = 0; shift < 4; shift++) {
            byte[] line = LogLine.of(
                    new EventQueue.Event(1, "source", "y".repeat(shift), character.repeat(LogLine.MAX_BYTES)));

            assertThat(line).hasSizeBetween(LogLine.MAX_BYTES - 4, LogLine.MAX_BYTES);
            assertThat(new String(line, StandardCharsets.UTF_8))
                    .endsWith(character + " ...\n")
                    .doesNotContain("\ufffd");
        }
    }

    @Test
    void survivesADetailThatCannotBeShown() {
        Object broken = new Object() {
            @Override
            public String toString() {
                throw new IllegalStateException("broken");
            }
        };

        assertThat(line(1, "source", "sent", broken))
                .endsWith("sent (cannot be shown: java.lang.IllegalStateException: broken)\n");
    }

    @Test
    void noTextAtAllIsFine() {
        assertThat(List.of(line(1, "log", "", null), line(1, "log", "", "said")))
                .containsExactly("       0.000000001 log        \n", "       0.000000001 log         said\n");
    }

    private static String line(long atNs, String side, String what, Object detail) {
        return new String(LogLine.of(new EventQueue.Event(atNs, side, what, detail)), StandardCharsets.UTF_8);
    }
}
