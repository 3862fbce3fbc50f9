package io.pageflip.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.pageflip.channel.Cancellation;
import io.pageflip.cli.report.CheckReport;
import io.pageflip.cli.report.Host;
import io.pageflip.os.Capability;
import io.pageflip.os.HostCapabilities;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.List;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;

/** Text, JSON and exit codes for hosts made up here. */
final class CheckCommandTest {
    private static final Host HOST = new Host("6.1.0", 2, 4096, "17.0.15");
    private static final HostCapabilities ABLE = host(true, "moves every page, over memfd");
    private static final HostCapabilities UNABLE = host(false, "needs userfaultfd: denied; choose stream");

    private static HostCapabilities host(boolean flip, String detail) {
        return new HostCapabilities(
                List.of(
                        new Capability("memfd", true, "sealed against resizing"),
                        new Capability("gifted-pages-move", false, "this kernel copies them")),
                List.of(new Capability("flip", flip, detail)));
    }

    @Test
    void textIsAligned() {
        assertThat(new CheckReport(HOST, UNABLE, List.of()).text()).isEqualTo("""
                Linux 6.1.0, 2 CPUs, pages of 4096 bytes, Java 17.0.15

                memfd                 yes       sealed against resizing
                gifted-pages-move     no        this kernel copies them

                flip                  unusable  needs userfaultfd: denied; choose stream
                """);
    }

    @Test
    void jsonSaysTheSame() {
        assertThat(new CheckReport(HOST, ABLE, List.of()).json()).isEqualTo("""
                {
                  "schema" : "pageflip.check/1",
                  "host" : {
                    "kernel" : "6.1.0",
                    "cpus" : 2,
                    "page-size" : 4096,
                    "java" : "17.0.15"
                  },
                  "capabilities" : [ {
                    "name" : "memfd",
                    "available" : true,
                    "detail" : "sealed against resizing"
                  }, {
                    "name" : "gifted-pages-move",
                    "available" : false,
                    "detail" : "this kernel copies them"
                  } ],
                  "mechanisms" : [ {
                    "name" : "flip",
                    "usable" : true,
                    "detail" : "moves every page, over memfd"
                  } ]
                }
                """);
    }

    @Test
    void exitCodeSaysWhetherTheDefaultMigrationRuns() {
        assertThat(new Run(ABLE).exitCode).isZero();
        assertThat(new Run(UNABLE).exitCode).isEqualTo(4);
        assertThat(new Run(UNABLE, "--format", "json").exitCode).isEqualTo(4);
    }

    @Test
    void formatChooses() {
        assertThat(new Run(ABLE).out).isEqualTo(new CheckReport(Host.here(), ABLE, List.of()).text());
        assertThat(new Run(ABLE, "--format", "json").out)
                .isEqualTo(new CheckReport(Host.here(), ABLE, List.of()).json());
    }

    /** One run of the command. */
    private static final class Run {
        private final int exitCode;
        private final String out;

        Run(HostCapabilities host, String... arguments) {
            StringWriter outWriter = new StringWriter();
            exitCode = new CommandLine(new CheckCommand(() -> host, new Cancellation()))
                    .setOut(new PrintWriter(outWriter))
                    .execute(arguments);
            out = outWriter.toString();
        }
    }
}
