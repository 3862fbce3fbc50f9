package io.pageflip.log;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class LogOutputTest {
    private static final System.Logger LOGGER = System.getLogger("pageflip.destination");

    private final EventLog source = EventLog.of("source");

    @TempDir
    Path folder;

    @Test
    void appendsTheEventsOfThisProcess() throws IOException {
        Path file = Files.writeString(folder.resolve("log"), "of another process\n");

        try (LogOutput output = LogOutput.open(false, file)) {
            assertThat(output).isNotNull();
            assertThat(source.isOn()).isTrue();
            source.event("sent", "HELLO");
            LOGGER.log(System.Logger.Level.DEBUG, "{0} has an {1}", "the source", "epoch");
            LOGGER.log(System.Logger.Level.DEBUG, "it broke", new IOException("why"));
            EventLog.NONE.event("nobody's");
            source.eventAt(0, "did not happen");
            source.eventAt(1, "long ago");
        }
        source.event("too late");

        List<String> lines = Files.readAllLines(file);
        assertThat(lines).hasSize(5).first().isEqualTo("of another process");
        lines.sort(null);
        assertThat(lines.get(0)).isEqualTo("       0.000000001 source      long ago");
        assertThat(lines.get(1)).endsWith(" source      sent HELLO");
        assertThat(lines.get(2)).endsWith(" destination the source has an epoch");
        assertThat(lines.get(3)).endsWith(" destination it broke: java.io.IOException: why");
    }

    @Test
    void withoutAnOutputNothingIsOn() throws IOException {
        try (LogOutput output = LogOutput.open(false, null)) {
            assertThat(output).isNotNull();
            assertThat(source.isOn()).isFalse();
            assertThat(source.nowNs()).isZero();
            assertThat(LOGGER.isLoggable(System.Logger.Level.DEBUG)).isFalse();
        }
    }

    @Test
    void aFileThatCannotBeOpenedIsSaidAtOnce() {
        assertThatThrownBy(() -> LogOutput.open(false, folder.resolve("nowhere/log")))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("nowhere/log");
        assertThat(source.isOn()).isFalse();
    }
}
