package io.pageflip.process;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Output that cannot be written is an error; reports go where a user expects them, whole or not at all. */
final class OutputIT {
    private static final String MIGRATE = "migrate --ram 16M --run-after 0.05 --warm-up brief --progress never";
    private static final int OUTPUT_LOST = 6;

    @RegisterExtension
    final Pageflip pageflip = Pageflip.asUsersDo();

    private Run run(String command) throws IOException {
        return pageflip.shell("\"$PAGEFLIP\" " + command);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "--help",
                "check",
                "check --format json",
                "simulate --ram 16M",
                MIGRATE,
                MIGRATE + " --format json"
            })
    void aFullStandardOutputIsNoSuccess(String command) throws IOException {
        Run run = run(command + " > /dev/full").endsWith(OUTPUT_LOST);
        assertThat(run.err()).contains("pageflip: standard output cannot be written to: No space left on device");
    }

    @ParameterizedTest
    @ValueSource(strings = {"--version", "check", MIGRATE})
    void aClosedStandardOutputIsNoSuccess(String command) throws IOException {
        assertThat(run(command + " >&-").endsWith(OUTPUT_LOST).err())
                .isEqualTo("pageflip: standard output is closed.\n");
    }

    @Test
    void whoReadsTheBeginningOnlyIsToldSoOnce() throws IOException {
        Run run = pageflip.shell("{ \"$PAGEFLIP\" check; echo \"code $?\" >&2; } | true")
                .endsWith(0);
        assertThat(run.err()).contains("standard output cannot be written to: Broken pipe", "code 6");
    }

    @Test
    void aMissingStandardInputAndErrorDoNoHarm() throws IOException {
        assertThat(run("check <&- 2>&-").endsWith(0).out()).contains("flip                  usable");
    }

    @Test
    void aReportGoesWhereALinkPointsAndKeepsItsMode() throws IOException {
        Path target = pageflip.path("target.json");
        Path link = pageflip.path("link.json");
        Files.writeString(target, "old");
        Files.setPosixFilePermissions(target, PosixFilePermissions.fromString("rw-r-----"));
        Files.createSymbolicLink(link, target.getFileName());

        run(MIGRATE + " --export-json " + link).endsWith(0);

        assertThat(link).isSymbolicLink();
        assertThat(Files.readString(target)).startsWith("{");
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(target)))
                .isEqualTo("rw-r-----");
    }

    @Test
    void aReportGoesIntoAPipeOrToStandardOutput() throws IOException {
        assertThat(run(MIGRATE + " --export-json /dev/stdout").endsWith(0).out())
                .startsWith("{")
                .contains("downtime");
        Run run = pageflip.shell(
                        "mkfifo " + pageflip.path("fifo") + "; cat " + pageflip.path("fifo") + " & \"$PAGEFLIP\" "
                                + MIGRATE + " --export-json " + pageflip.path("fifo") + " > /dev/null; wait")
                .endsWith(0);
        assertThat(run.out()).startsWith("{").contains("\"downtime-ns\"");
        Files.delete(pageflip.path("fifo"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"LC_ALL=C", "LC_ALL= LC_CTYPE= LANG=", "LC_ALL=POSIX LANG=de_DE.UTF-8"})
    void aNameMayHaveAnyLettersInAnyLocale(String locale) throws IOException {
        Run run = pageflip.shell(
                        "cd " + pageflip.temporary() + "; mkdir b\u00fccher; export " + locale + "; \"$PAGEFLIP\" "
                                + MIGRATE
                                + " --export-json b\u00fccher/\u4e2d.json > /dev/null; test -s b\u00fccher/\u4e2d.json && rm -r b\u00fccher")
                .endsWith(0);
        assertThat(run.err()).isEmpty();
    }

    @Test
    void aReportThatCannotBeWrittenIsNamed() throws IOException {
        Run run = run(MIGRATE + " --export-json /dev/full").endsWith(1);
        assertThat(run.err())
                .contains(
                        "pageflip: --export-json /dev/full: the report could not be written: No space left on device");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "--export-json .                                    | it is a folder",
                "--export-json /nowhere/x.json                      | its folder does not exist",
                "--export-json a --export-csv ./a                   | --export-json names the same file; name two",
                "--export-html x --export-markdown x                | --export-markdown names the same file; name two",
            })
    void aPlaceWhereNoReportCanBeIsRefusedBeforeAnythingRuns(String row) throws IOException {
        String[] parts = row.split("\\|", -1);
        Run run = pageflip.shell("cd " + pageflip.temporary() + "; \"$PAGEFLIP\" compare --ram 16M " + parts[0])
                .endsWith(2);
        assertThat(run.err()).contains(parts[1].strip());
    }
}
