package io.pageflip.cli.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What people type for a row. */
final class WayTest {
    private static Way ours(int ram, String schedule, String mechanism) {
        return Way.of(Map.of("ram", ram, "schedule", schedule, "mechanism", mechanism, "backing", "memfd", "seed", 1));
    }

    private static Way qemu(String version, String mode, Object... limit) {
        Map<String, Object> options = new LinkedHashMap<>();
        options.putAll(Map.of("program", "qemu " + version, "binary", "/opt/Q-" + version, "mode", mode));
        options.put("backing", "memfd");
        if (limit.length > 0) {
            options.put("downtime-limit", limit[0]);
        }
        return Way.of(options);
    }

    private static final List<Way> ALL = List.of(
            ours(1, "handover", "flip"),
            ours(2, "handover", "flip"),
            ours(1, "precopy", "stream"),
            qemu("7.2.22", "precopy", 300),
            qemu("7.2.22", "precopy", 30),
            qemu("10.0.2", "cpr-transfer"));

    @ParameterizedTest
    @CsvSource({
        "1,                          pageflip flip handover memfd",
        "handover,                   pageflip flip handover memfd",
        "stream,                     pageflip stream precopy memfd",
        "2,                          pageflip stream precopy memfd",
        "' pageflip  precopy ',      pageflip stream precopy memfd",
        "qemu 10.0.2 cpr-transfer,   qemu 10.0.2 cpr-transfer memfd",
        "CPR-Transfer,               qemu 10.0.2 cpr-transfer memfd",
        "/opt/q-10.0.2,              qemu 10.0.2 cpr-transfer memfd",
        "5,                          qemu 10.0.2 cpr-transfer memfd",
        "30 ms,                      qemu 7.2.22 precopy 30 ms memfd",
        "300,                        qemu 7.2.22 precopy 300 ms memfd",
    })
    void itsNumberOrItsWordsNameIt(String typed, String way) {
        assertThat(Way.named(typed, ALL)).hasToString(way);
    }

    @ParameterizedTest
    @ValueSource(strings = {"teleport", "0", "6", "handover stream", "", "hand"})
    void nothingElseDoes(String typed) {
        assertThatThrownBy(() -> Way.named(typed, ALL))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(
                        "no row has these words; write a number, or more words, of: 1 pageflip flip handover memfd, "
                                + "2 pageflip stream precopy memfd, 3 qemu 7.2.22 precopy 300 ms memfd, "
                                + "4 qemu 7.2.22 precopy 30 ms memfd, 5 qemu 10.0.2 cpr-transfer memfd");
    }

    @ParameterizedTest
    @ValueSource(strings = {"precopy", "qemu", "memfd", "qemu 7.2.22 precopy"})
    void wordsOfSeveralAreNotEnough(String typed) {
        assertThatThrownBy(() -> Way.named(typed, ALL)).hasMessageStartingWith("more than one row has these words; ");
    }

    @Test
    void rowsThatDifferInTheirGuestAloneAreOneWay() {
        assertThat(ALL.get(0))
                .isEqualTo(ALL.get(1))
                .hasSameHashCodeAs(ALL.get(1))
                .isNotEqualTo(ALL.get(2));
    }
}
