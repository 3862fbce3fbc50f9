package io.pageflip.memory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class QuantityTest {
    @ParameterizedTest
    @CsvSource({
        "0, 0",
        "4096, 4096",
        "1K, 1024",
        "3k, 3072",
        "512M, 536870912",
        "1G, 1073741824",
        "1GiB, 1073741824",
        "2kiB, 2048",
        "8T, 8796093022208",
        "999999999999999999, 999999999999999999"
    })
    void readsSizes(String text, long bytes) {
        assertThat(Quantity.parseBytes(text)).isEqualTo(bytes);
    }

    @ParameterizedTest
    @CsvSource({"0, 0", "2000, 2000", "20K, 20000", "1m, 1000000", "3G, 3000000000"})
    void readsRatesInThousands(String text, long rate) {
        assertThat(Quantity.parseRate(text)).isEqualTo(rate);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                " ",
                "-1",
                "+1",
                "1.5G",
                "G",
                "iB",
                "1P",
                "1 G",
                "1GB",
                "1Gi",
                "1KK",
                "0x10",
                "1e3",
                "\u0661",
                "5iB",
                "9999999999999999999",
                "9000000T",
                "8388608T"
            })
    void refusesWhatIsNoSize(String text) {
        assertThatThrownBy(() -> Quantity.parseBytes(text)).isInstanceOf(NumberFormatException.class);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "1KiB", "-5", "20 K", "2.5K", "99999999T"})
    void refusesWhatIsNoRate(String text) {
        assertThatThrownBy(() -> Quantity.parseRate(text)).isInstanceOf(NumberFormatException.class);
    }

    @ParameterizedTest
    @CsvSource({
        "0, 0",
        "1, 1",
        "1023, 1023",
        "1024, 1K",
        "4097, 4097",
        "536870912, 512M",
        "1073741824, 1G",
        "1125899906842624, 1024T"
    })
    void writesTheShortestExactForm(long bytes, String text) {
        assertThat(Quantity.formatExact(bytes)).isEqualTo(text);
    }

    @Test
    void readsBackWhatItWrites() {
        Random random = new Random(42);
        for (int i = 0; i < 10_000; i++) {
            long bytes = random.nextLong(1L << 20) << random.nextInt(39);
            assertThat(Quantity.parseBytes(Quantity.formatExact(bytes))).isEqualTo(bytes);
        }
    }

    @ParameterizedTest
    @CsvSource({
        "0, 0 B",
        "512, 512 B",
        "1024, 1.00 KiB",
        "1536, 1.50 KiB",
        "16777216, 16.0 MiB",
        "536870912, 512 MiB",
        "1073741824, 1.00 GiB",
        "2251799813685248, 2048 TiB"
    })
    void writesForPeople(long bytes, String text) {
        assertThat(Quantity.format(bytes)).isEqualTo(text);
    }
}
