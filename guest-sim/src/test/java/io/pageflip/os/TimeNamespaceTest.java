package io.pageflip.os;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Folders of processes as the kernels make them in {@code /proc}. */
final class TimeNamespaceTest {
    private static final TimeNamespace HOST = new TimeNamespace(0, TimeNamespace.HOST_CLOCK);
    private static final TimeNamespace UNKNOWN = new TimeNamespace(0, TimeNamespace.UNKNOWN_CLOCK);

    @TempDir
    private Path process = Path.of("unset");

    private Path namespaces = Path.of("unset");

    @BeforeEach
    void makeFolder() throws IOException {
        namespaces = Files.createDirectory(process.resolve("ns"));
    }

    @Test
    void offsetOfTheNamespaceIsRead() throws IOException {
        link("time", "time:[4026531834]");
        link("time_for_children", "time:[4026531834]");
        Files.writeString(process.resolve("timens_offsets"), "monotonic   -100000   250000000\nboottime 0 0\n");

        assertThat(TimeNamespace.read(process)).isEqualTo(new TimeNamespace(-99_999_750_000_000L, 0));
    }

    @Test
    void offsetsOfTheChildrenSayNothingOfTheirParent() throws IOException {
        link("time", "time:[4026531834]");
        link("time_for_children", "time:[4026532000]");

        assertThat(TimeNamespace.read(process)).isEqualTo(new TimeNamespace(0, 4026531834L));
    }

    @Test
    void kernelBeforeTimeNamespacesHasOneClock() throws IOException {
        link("pid", "pid:[4026531836]");

        assertThat(TimeNamespace.read(process)).isEqualTo(HOST);
    }

    @Test
    void kernelWithoutNamespacesHasOneClock() {
        assertThat(TimeNamespace.read(process)).isEqualTo(HOST);
    }

    @Test
    void nothingIsKnownWithoutProc() {
        assertThat(TimeNamespace.read(process.resolve("absent"))).isEqualTo(UNKNOWN);
    }

    @Test
    void nothingIsKnownOfOffsetsThatCannotBeRead() throws IOException {
        link("time", "time:[4026531834]");
        link("time_for_children", "time:[4026531834]");

        assertThat(TimeNamespace.read(process)).isEqualTo(UNKNOWN);
    }

    private void link(String name, String target) throws IOException {
        Files.createSymbolicLink(namespaces.resolve(name), Path.of(target));
    }
}
