package io.pageflip.process;

import static org.assertj.core.api.Assertions.assertThat;

import io.pageflip.wire.FrameHeader;
import io.pageflip.wire.FrameType;
import io.pageflip.wire.PageRecord;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code pageflip source … | pageflip destination}: a plain shell pipe, through which nothing flows back. */
final class ShellPipeIT {
    private static final int PAGE = 4096;

    @RegisterExtension
    final Pageflip pageflip = Pageflip.asUsersDo();

    @ParameterizedTest
    @CsvSource({
        "--mechanism flip,                                        '8,192 moved'",
        "--mechanism gift --backing anonymous --batch 7 --fill 30, kernel-declined",
        "--mechanism stream --vcpus 3,                            '8,257 mechanism-copies'",
        "--mechanism pull --backing anonymous,                    '8,257 mechanism-copies'",
    })
    void everyMechanismGoesThroughIt(String options, String counts) throws IOException {
        Run run = pipe(options, "").endsWith(0);

        assertThat(run.err()).contains("source 0", "destination 0", "completed: the guest is at the destination");
        assertThat(run.out()).contains("completed: the guest is at the destination", counts, "match: ");
    }

    @ParameterizedTest
    @CsvSource({"flip, ready", "flip, half-pages", "flip, released", "stream, half-pages", "gift, half-pages"})
    void theGuestSurvivesAReaderThatDiesBeforeItTakesIt(String mechanism, String step) throws IOException {
        String backing = mechanism.equals("gift") ? " --backing anonymous" : "";

        Run run = pipe("--mechanism " + mechanism + backing, "--fault kill@" + step)
                .endsWith(0);

        assertThat(run.err())
                .contains("source 1", "destination 137", "failed: the guest stays at the source: ")
                .contains("match: ", "console lines, each once");
    }

    @Test
    void theReportIsJsonOnStandardErrorIfThatIsAskedFor() throws IOException {
        Run run = pageflip.shell(
                        "\"$PAGEFLIP\" source --ram 16M --quiet | \"$PAGEFLIP\" destination --run-after 0.05 --format json")
                .endsWith(0);

        assertThat(run.err()).isEmpty();
        assertThat(Report.parse(run.out()).document().path("status").asText()).isEqualTo("completed");
    }

    @ParameterizedTest
    @ValueSource(strings = {"> /dev/null", "> \"$OUT\""})
    void aStandardOutputThatIsNoPipeIsRefused(String redirection) throws IOException {
        Run run = pageflip.shell("OUT=" + pageflip.path("out") + "; \"$PAGEFLIP\" source --ram 16M " + redirection)
                .endsWith(2);

        assertRefused(run, "standard output is no pipe");
    }

    @ParameterizedTest
    @ValueSource(strings = {"< /dev/null", "< \"$PAGEFLIP\""})
    void aStandardInputThatIsNoPipeIsRefused(String redirection) throws IOException {
        Run run = pageflip.shell("\"$PAGEFLIP\" destination " + redirection).endsWith(2);

        assertRefused(run, "standard input is no pipe");
    }

    @Test
    void whatIsNoSourceIsRefused() throws IOException {
        Run garbage = pageflip.shell("echo 'this is no migration' | \"$PAGEFLIP\" destination")
                .endsWith(1);
        Run nothing = pageflip.shell(": | \"$PAGEFLIP\" destination").endsWith(1);

        assertThat(garbage.out() + garbage.err()).contains("not with \"PGFL\"").doesNotContain("\tat ");
        assertThat(nothing.out() + nothing.err())
                .contains("the source has closed the migration stream")
                .doesNotContain("\tat ");
    }

    /**
     * Whatever HotSpot has to say: the warning about a flag that it takes no notice of is one that it writes by itself.
     */
    @ParameterizedTest
    @CsvSource({"stop-and-move, GIFT, PREPARE, END", "handover, MAP, END, PREPARE"})
    void nothingButFramesIsInThePipe(String schedule, FrameType pages, FrameType first, FrameType second)
            throws IOException {
        pageflip.javaOptions("-Xlog:gc*=info:stderr", "-XX:+UseCompressedOops", "-XX:TieredStopAtLevel=1");
        List<String> arguments = new ArrayList<>(List.of("source", "--schedule=" + schedule));
        arguments.addAll(Pageflip.SMALL);

        Run run = pageflip.startToBeRead(arguments);
        List<FrameType> types;
        try (InputStream pipe = run.process().getInputStream()) {
            types = readFrames(pipe);
        }
        // Its reader has gone without taking the guest.
        run.endsWith(1);

        assertThat(types).startsWith(FrameType.HELLO, FrameType.EXPECT);
        assertThat(types).contains(pages, FrameType.BYTES);
        assertThat(types).containsSubsequence(first, second);
        assertThat(run.err()).contains("failed: the guest stays at the source: ", "match: ");
    }

    /** The types of all frames up to PREPARE and END, after which the source waits for the guest to be taken. */
    private static List<FrameType> readFrames(InputStream pipe) throws IOException {
        List<FrameType> types = new ArrayList<>();
        while (!types.contains(FrameType.END) || !types.contains(FrameType.PREPARE)) {
            FrameHeader header = FrameHeader.read(read(pipe, FrameHeader.BYTES), 0);
            ByteBuffer body = read(pipe, header.bodyLength());
            types.add(header.type());
            if (header.type() == FrameType.BYTES) {
                long pages = PageRecord.count(body, 0);
                boolean odd = PageRecord.first(body, 0) == 64; // the part of a page at the end of the rom
                read(pipe, odd ? 512 : Math.toIntExact(pages * PAGE));
            }
        }
        return types;
    }

    private static ByteBuffer read(InputStream pipe, int length) throws IOException {
        byte[] bytes = pipe.readNBytes(length);
        assertThat(bytes).as("bytes of a frame").hasSize(length);
        return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }

    /** Both agents in a pipe, and their exit codes on standard error. */
    private Run pipe(String sourceOptions, String destinationOptions) throws IOException {
        return pageflip.shell("{ \"$PAGEFLIP\" source --ram 16M --run-after 0.05 " + sourceOptions
                + "; echo source $? >&2; } | { \"$PAGEFLIP\" destination --run-after 0.05 " + destinationOptions
                + "; echo destination $? >&2; }");
    }

    private static void assertRefused(Run run, String why) {
        assertThat(run.out()).isEmpty();
        assertThat(run.err().lines().toList()).hasSize(2).first().asString().startsWith("pageflip: " + why);
    }
}
