package io.pageflip.process;

import static org.assertj.core.api.Assertions.assertThat;

import io.pageflip.os.MemoryLimits;
import io.pageflip.testkit.HugePages;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What the terminal shows of wrong usage, and of a host that lacks something. Every option is in {@code UsageTest}. */
final class UsageIT {
    @RegisterExtension
    final Pageflip pageflip = Pageflip.asUsersDo();

    @ParameterizedTest
    @CsvSource({
        "migrate --ram 3X, Try 'pageflip migrate --help'.",
        "source --connect nowhere, Try 'pageflip source --help'.",
        "destination --listen nowhere, Try 'pageflip destination --help'.",
        "evaporate, Try 'pageflip --help'.",
    })
    void wrongUsage(String line, String hint) throws IOException {
        Run run = pageflip.start(line.split(" ", -1)).endsWith(2);

        assertThat(run.out()).isEmpty();
        assertThat(run.err().lines().toList())
                .hasSize(2)
                .satisfies(lines -> assertThat(lines.get(0)).startsWith("pageflip: "))
                .last()
                .isEqualTo(hint);
    }

    @Test
    void nothingIsNoCommand() throws IOException {
        assertThat(pageflip.start(List.of()).endsWith(2).err())
                .contains("migrate, compare, simulate, report, source, destination, check, observe or ctl");
    }

    @ParameterizedTest
    @CsvSource({
        "migrate --ram 60T, use a smaller --ram",
        "migrate --ram 60T --mechanism stream, or --mechanism flip",
    })
    void noRoomForRamIsTheHostsLack(String line, String alternative) throws IOException {
        assertLack(pageflip.start(line.split(" ", -1)), "no room for ", alternative);
    }

    @Test
    void noRoomForRamIsSaidByASourceByHandToo() throws IOException {
        Run run = pageflip.shell("{ \"$PAGEFLIP\" source --ram 60T; echo source $? >&2; } | cat");
        run.endsWith(0);

        assertThat(run.out()).isEmpty();
        assertThat(run.err())
                .contains("source 4", "no room for ", "use a smaller --ram")
                .doesNotContain("\tat ");
    }

    @Test
    void hugePagesThatAreNotReservedAreTheHostsLack() throws IOException {
        try (HugePages asTheyAre = HugePages.reserve(0)) {
            assertThat(asTheyAre).isNotNull();
            Host.need(MemoryLimits.freeHugePages() < 512, "there are huge pages for 1 GiB on this host");

            assertLack(
                    pageflip.start("migrate", "--backing=hugetlb"),
                    "--backing hugetlb needs 512 huge pages of 2 MiB",
                    "use --backing memfd");
        }
    }

    private static void assertLack(Run run, String cause, String alternative) {
        run.endsWith(4);
        assertThat(run.err().lines())
                .singleElement()
                .asString()
                .startsWith("pageflip: ")
                .contains(cause, alternative);
    }

    @Test
    void worksThroughALinkFromAnyFolder() throws IOException {
        Path link = Files.createSymbolicLink(pageflip.path("a link"), Pageflip.launcher());

        Run run = pageflip.startCommand(List.of(link.toString(), "--version")).endsWith(0);

        assertThat(run.out()).matches("pageflip \\d+\\.\\d+\\.\\d+\n");
        assertThat(run.err()).isEmpty();
    }

    @Test
    void aJavaThatIsNotThereIsSaidSo() throws IOException {
        pageflip.javaHome(pageflip.path("no-java"));

        Run run = pageflip.start("--version").endsWith(4);

        assertThat(run.err())
                .isEqualTo("pageflip: JAVA_HOME is " + pageflip.path("no-java") + ", where there is no bin/java.\n");
    }
}
