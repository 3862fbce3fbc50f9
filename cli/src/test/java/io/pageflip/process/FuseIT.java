package io.pageflip.process;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * {@code --mechanism fuse}: pages of a file on a disk move into a FUSE file, and whatever fails, nobody hangs and
 * nothing is left.
 */
final class FuseIT {
    private static final long RAM_PAGES = 16_384;
    private static final Path NOWHERE = Path.of("/nowhere/at/all");

    @RegisterExtension
    final Pageflip pageflip = new Pageflip();

    @AfterEach
    void nothingIsMounted() throws IOException {
        assertThat(Files.readString(Path.of("/proc/self/mounts"))).doesNotContain("pageflip");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "--ram 64M --workload idle --fill 0",
                "--ram 64M --vcpus 2 --fill 60 --workload uniform --dirty-rate 100K --batch 7 --channel pipe",
            })
    void mostPagesMove(String options) throws IOException {
        Report report = migrate(options);

        long data = RAM_PAGES - report.pages("ram").path("zero").asLong();
        assertThat(report.pages("ram").path("moved").asLong()).isGreaterThanOrEqualTo(data * 9 / 10);
        assertThat(Set.of("kernel-declined")).containsAll(report.reasons("ram").keySet());
        assertThat(report.reasons("vram")).containsOnlyKeys("not-stealable");
        assertThat(report.reasons("rom")).containsOnlyKeys("private-memory", "not-page-sized");
        assertThat(report.at("/runs/0/evidence/decided-by").asText()).isEqualTo("frames");
        assertThat(report.at("/runs/0/fuse/spliced-pages").asLong()).isBetween(data, RAM_PAGES);
        assertThat(report.at("/runs/0/fuse/write-back-standing-ns").asLong())
                .isPositive()
                .isLessThanOrEqualTo(
                        report.at("/runs/0/downtime-phases-ns/stop").asLong());
    }

    @Test
    void withoutTheFlagEveryPageIsCopied() throws IOException {
        Report report = migrate("--ram 16M --no-gift");

        assertThat(report.reasons("ram")).containsOnlyKeys("not-gifted");
        assertThat(report.pages("ram").path("moved").asLong()).isZero();
    }

    @Test
    void aShellPipeWorks() throws IOException {
        Run run = pageflip.shell("\"$PAGEFLIP\" source --ram 16M --backing " + place()
                        + " | \"$PAGEFLIP\" destination --run-after 0.05")
                .endsWith(0);

        assertThat(run.out()).contains("completed: the guest is at the destination", "match: ", "4,096 not-stealable");
    }

    @Test
    void thePlainReportSaysWhatItCost() throws IOException {
        Run run = pageflip.start("migrate", "--backing=" + place(), "--ram=16M", "--run-after=0.05")
                .endsWith(0);

        assertThat(run.out())
                .contains(
                        "pageflip migrate: fuse, stop-and-move, ",
                        "write-back    ",
                        " while the guest ran, ",
                        "fuse          ",
                        " READ requests, 4,096 pages spliced into /dev/fuse");
    }

    @ParameterizedTest
    @ValueSource(strings = {"hello", "ready", "first-pages", "half-pages", "state", "released", "locked"})
    void theSourceTakesItsPagesBackWhenTheDestinationDies(String step) throws IOException {
        Pageflip.Halves agents = pageflip.sourceHere(
                List.of("--ram=16M", "--backing=" + place(), "--run-after=0.05", "--format=json"),
                List.of("--fault=kill@" + step));
        agents.there().endsWith(128 + 9);

        Report.ofAgent(agents.here().endsWith(1).out()).assertLivesOnAtSource("failed");
    }

    @ParameterizedTest
    @ValueSource(strings = {"state", "resumed"})
    void theGuestRunsOnWithoutTheServer(String step) throws IOException {
        Run run = start("--ram 16M --run-after 0.2 --workload uniform --dirty-rate 100K --source-fault kill@" + step)
                .endsWith(0);

        assertThat(Report.parse(run.out()).at("/runs/0/verification/status").asText())
                .isEqualTo("match");
    }

    @ParameterizedTest
    @ValueSource(strings = {"ready", "half-pages"})
    void nobodyHangsWhenTheServerDies(String step) throws IOException {
        Run run = start("--ram 16M --source-fault kill@" + step).endsWith(5);

        Report.parse(run.out()).assertEnded("lost", "nobody");
    }

    /** What an administrator does with a file system that does not answer; {@code umount} has nothing to find. */
    @Test
    void theSourceTakesItsPagesBackWhenTheFileSystemIsCutOff() throws Exception {
        Host.need(Host.has("unshare"), "only unshare(1) shows this kernel's FUSE connections to this test alone");
        Pageflip.Agents agents = pageflip.agents(
                List.of("--ram", "16M", "--backing", place(), "--run-after", "0.05", "--format", "json"),
                List.of("--fault", "stop@ready"));
        agents.destination().awaitStopped();
        cutOff(agents.source());
        agents.destination().signal("CONT");

        agents.destination().endsWith(1);
        agents.source().endsWith(1);
        assertThat(agents.destination().out()).contains("cannot be read: its server is gone, was cut off");
        assertThat(agents.source().out()).contains("\"owner\":\"source\"").contains("\"status\":\"match\"");
    }

    private void cutOff(Run source) throws IOException {
        Path folder = Files.createDirectory(pageflip.path("connections"));
        String abort = folder + "/" + connection(source) + "/abort";
        pageflip.startCommand(List.of(
                        "unshare", "-m", "sh", "-c", "mount -t fusectl none " + folder + " && echo 1 > " + abort))
                .endsWith(0);
    }

    /** The kernel's number of the FUSE connection: the minor device number of the file that the source has open. */
    private static long connection(Run source) throws IOException {
        Path descriptors = Path.of("/proc", Long.toString(source.pid()), "fd");
        try (var all = Files.list(descriptors)) {
            for (Path descriptor : all.toList()) {
                if (Files.readSymbolicLink(descriptor).toString().endsWith("/ram")) {
                    long device = (Long) Files.getAttribute(descriptor, "unix:dev");
                    return (device & 0xff) | (device >> 12 & 0xfff00);
                }
            }
        }
        throw new AssertionError("no FUSE file among the descriptors of " + source);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "/nowhere/at/all | 2 | there is no such directory",
                "/dev/null       | 2 | there is no such directory",
                "/proc           | 4 | no file in /proc: ",
            })
    void aDirectoryThatCannotTakeAFileIsRefused(String directory, int exitCode, String sentence) throws IOException {
        Host.fuseDirectory();
        assertThat(Files.exists(NOWHERE)).isFalse();

        Run run = pageflip.start("migrate", "--ram=16M", "--backing=file:" + directory)
                .endsWith(exitCode);

        assertThat(run.err()).contains(sentence);
        assertThat(run.out()).isEmpty();
    }

    @Test
    void aDirectoryInMemoryIsRefused() throws IOException {
        assertRefusedOn("mount -t tmpfs none \"$0\"", "lies on tmpfs, whose pages are memory");
    }

    @Test
    void aFullDiskIsRefused() throws IOException {
        Host.need(Host.has("mkfs.ext4"), "only mkfs.ext4(8) makes a small disk");
        Path image = pageflip.path("image");
        try (var file = new java.io.RandomAccessFile(image.toFile(), "rw")) {
            file.setLength(32 << 20);
        }
        assertRefusedOn("mkfs.ext4 -q " + image + " && mount -o loop " + image + " \"$0\"", "no room for 64M in ");
    }

    /** Runs a migration in a mount namespace of its own, on what {@code mount} has mounted there. */
    private void assertRefusedOn(String mount, String sentence) throws IOException {
        Host.fuseDirectory();
        Host.need(Host.has("unshare"), "only with unshare(1) can something be mounted for this test alone");
        Path folder = Files.createDirectory(pageflip.path("disk"));
        String script = mount + " && exec \"$PAGEFLIP\" migrate --ram 64M --backing \"file:$0\"";

        Run run = pageflip.startCommand(List.of("unshare", "-m", "sh", "-c", script, folder.toString()))
                .endsWith(4);

        assertThat(run.err()).contains(sentence, "name a");
    }

    @Test
    void anOrdinaryUserIsTold() throws IOException {
        Host.fuseDirectory();
        Run run = pageflip.startCommand(Host.asOrdinaryUser(
                        Pageflip.launcher().toString(), "migrate", "--ram=16M", "--backing=file:/var/tmp"))
                .endsWith(4);

        assertThat(run.err()).contains("fuse cannot run here: this user may not ", "choose flip");
    }

    private Report migrate(String options) throws IOException {
        List<String> all = new ArrayList<>(List.of("--mechanism", "fuse", "--backing", place()));
        all.addAll(Arrays.asList(options.split(" ", -1)));
        return pageflip.migrateFromHere(all).assertRunsCompleted("match");
    }

    private Run start(String options) throws IOException {
        List<String> arguments = new ArrayList<>(
                List.of("migrate", "--format=json", "--mechanism=fuse", "--backing=" + place(), "--run-after=0.05"));
        if (options.contains("--run-after")) {
            arguments.remove("--run-after=0.05");
        }
        arguments.addAll(Arrays.asList(options.split(" ", -1)));
        return pageflip.start(arguments);
    }

    private static String place() throws IOException {
        return "file:" + Host.fuseDirectory();
    }
}
