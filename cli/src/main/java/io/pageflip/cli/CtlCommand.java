package io.pageflip.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.pageflip.channel.Cancellation;
import io.pageflip.metrics.ResultJson;
import io.pageflip.os.NanoClock;
import io.pageflip.os.Pause;
import io.pageflip.qmp.JsonText;
import io.pageflip.qmp.QmpClient;
import io.pageflip.qmp.QmpException;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code pageflip ctl}: one command to a QMP server, pageflip's or a QEMU's. */
@Command(
        name = "ctl",
        description = {
            "Sends one command to a QMP server: that of a pageflip agent (--qmp), or a QEMU's. As in: "
                    + "pageflip ctl /run/src.qmp migrate uri=unix:/run/m.sock --wait completed"
        },
        mixinStandardHelpOptions = true,
        sortOptions = false)
final class CtlCommand implements Callable<Integer> {
    private static final double NS_PER_S = 1e9;
    private static final long POLL_NS = 5_000_000;
    private static final Set<String> HUMAN = Set.of("info", "help");
    private static final Set<String> ENDS = Set.of("completed", "failed", "cancelled", "none");
    private static final ObjectMapper VALUES =
            new ObjectMapper().enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS);

    private final Cancellation cancellation;

    @Spec
    private CommandSpec spec;

    @Parameters(index = "0", paramLabel = "PATH", description = "The socket of the server.")
    private String path;

    @Parameters(
            index = "1..*",
            arity = "0..*",
            paramLabel = "COMMAND [KEY=VALUE …]",
            description = "A command of QMP, such as query-migrate, with its arguments. A value is a JSON value, or a "
                    + "string. 'info migrate', 'info status' and 'help' are commands of the human monitor.")
    private List<String> words = List.of();

    @Option(
            names = "--wait",
            paramLabel = "STATUS",
            description = "Then wait until the migration has this status, as query-migrate tells it: completed, "
                    + "active, pre-switchover, ….")
    private @Nullable String wanted;

    @Option(
            names = "--timeout",
            paramLabel = "SECONDS",
            defaultValue = "60",
            description = "How long to wait for the server, each reply and the status (default: ${DEFAULT-VALUE}).")
    private double timeout;

    @Option(
            names = "--format",
            paramLabel = "KIND",
            defaultValue = "text",
            description = "Print the reply as ${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE}).")
    private ReportOptions.Format format;

    CtlCommand(Cancellation cancellation) {
        this.cancellation = cancellation;
    }

    @Override
    public Integer call() throws IOException, InterruptedException {
        if (!(timeout > 0 && timeout <= 1e6)) {
            throw new ParameterException(
                    spec.commandLine(), "--timeout " + timeout + ": it must be more than 0, and at most 1000000");
        }
        if (words.isEmpty() && wanted == null) {
            throw new ParameterException(
                    spec.commandLine(), "name a command, such as query-migrate or 'info migrate', or use --wait");
        }
        ObjectNode arguments = words.isEmpty() || isHuman() ? null : arguments();
        Path socket = Path.of(Values.Address.path(path));
        if (!Files.exists(socket)) {
            throw new ParameterException(spec.commandLine(), socket + ": there is no socket; nobody listens there");
        }
        try (QmpClient client =
                QmpClient.connect(socket, NanoClock.SYSTEM, cancellation, (long) (timeout * NS_PER_S))) {
            if (!words.isEmpty()) {
                print(isHuman() ? human(client) : client.execute(words.get(0), arguments));
            }
            return wanted == null ? ExitCodes.OK : awaitStatus(client, wanted);
        } catch (QmpException e) {
            spec.commandLine().getErr().println("pageflip: " + e.error().kind() + ": " + e.getMessage());
            return ExitCodes.FAILED;
        }
    }

    private boolean isHuman() {
        return HUMAN.contains(words.get(0));
    }

    private JsonNode human(QmpClient client) throws IOException, InterruptedException {
        return client.execute(
                "human-monitor-command",
                JsonNodeFactory.instance.objectNode().put("command-line", String.join(" ", words)));
    }

    private ObjectNode arguments() {
        ObjectNode arguments = JsonNodeFactory.instance.objectNode();
        for (String word : words.subList(1, words.size())) {
            int equals = word.indexOf('=');
            if (equals < 1) {
                throw new ParameterException(
                        spec.commandLine(),
                        "'" + word + "' is no argument; write KEY=VALUE, as in uri=unix:/run/m.sock");
            }
            arguments.set(word.substring(0, equals), value(word.substring(equals + 1)));
        }
        return arguments;
    }

    private static JsonNode value(String text) {
        try {
            JsonNode value = VALUES.readTree(text);
            return value.isMissingNode() ? JsonNodeFactory.instance.textNode(text) : value;
        } catch (JsonProcessingException e) {
            return JsonNodeFactory.instance.textNode(text);
        }
    }

    private int awaitStatus(QmpClient client, String status) throws IOException, InterruptedException {
        long untilNs = NanoClock.SYSTEM.nanoTime() + (long) (timeout * NS_PER_S);
        while (true) {
            JsonNode migration = client.execute("query-migrate");
            String now = migration.path("status").asText("none");
            if (now.equals(status)) {
                return ExitCodes.OK;
            }
            boolean ended = ENDS.contains(now);
            if (ended || NanoClock.SYSTEM.nanoTime() > untilNs) {
                String error = migration.path("error-desc").asText();
                spec.commandLine()
                        .getErr()
                        .println("pageflip: the migration is " + now + ", not " + status
                                + (error.isEmpty() ? "" : ": " + error));
                return ExitCodes.FAILED;
            }
            cancellation.check();
            Pause.ofNs(POLL_NS);
        }
    }

    private void print(JsonNode result) {
        PrintWriter out = spec.commandLine().getOut();
        if (format == ReportOptions.Format.JSON) {
            out.print(ResultJson.document(result));
        } else if (result.isTextual()) {
            out.print(result.asText().replace("\r\n", "\n"));
        } else {
            JsonText.forEachValue(result, (name, value) -> out.println(name + ": " + value));
        }
        out.flush();
    }
}
