package io.pageflip.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class PeerTextTest {
    @Test
    void textIsLeftAlone() {
        String text = "no room: 1.5 GiB \u2013 \u00fc\u4e2d\ud83d\ude00 \"'<&\\";
        assertThat(PeerText.printable(text)).isEqualTo(text);
    }

    /** Escape sequences, a title, a bell, a line feed, C1 controls, a change of direction, half a surrogate pair. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "\u001b[2J",
                "\u001b]0;owned\u0007",
                "\u0007",
                "a\nb",
                "\r",
                "\u009b2J",
                "\u202e",
                "\u2028",
                "\ud800"
            })
    void nothingReachesATerminalThatItActsOn(String text) {
        String safe = PeerText.printable(text);
        assertThat(safe).contains("\ufffd");
        assertThat(safe.codePoints()
                        .filter(c -> c < 0x20 || (c >= 0x7f && c < 0xa0) || Character.isSurrogate((char) c)))
                .isEmpty();
    }
}
