package io.pageflip.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import io.pageflip.cli.report.HtmlReport;
import io.pageflip.metrics.ResultJson;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code pageflip report}: makes the page of {@code compare --export-html} from stored results. */
@Command(
        name = "report",
        description = "Makes the page with charts from a JSON report of compare or migrate.",
        mixinStandardHelpOptions = true,
        sortOptions = false)
final class ReportCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec;

    @Parameters(paramLabel = "FILE.json", description = "A JSON report, written with --export-json or --format json.")
    private Path results;

    @Option(
            names = "--export-html",
            required = true,
            paramLabel = "FILE",
            description = "Where to write the page, which needs no other file and no network.")
    private Path exportHtml;

    @Override
    public Integer call() throws IOException {
        ExportFile html = new ExportFile("--export-html", exportHtml).check(spec);
        JsonNode comparison = read();
        html.write(() -> HtmlReport.of(comparison));
        return ExitCodes.OK;
    }

    private JsonNode read() throws IOException {
        if (!Files.isReadable(results) || Files.isDirectory(results)) {
            throw new ParameterException(spec.commandLine(), results + ": there is no file that can be read");
        }
        @Nullable JsonNode comparison;
        try {
            comparison = HtmlReport.comparison(ResultJson.MAPPER.readTree(Files.readAllBytes(results)));
        } catch (JsonProcessingException e) {
            throw new ParameterException(spec.commandLine(), results + ": not a JSON document", e);
        }
        if (comparison == null) {
            throw new ParameterException(
                    spec.commandLine(), results + ": not a JSON report of pageflip compare or pageflip migrate");
        }
        return comparison;
    }
}
