package io.pageflip.process;

import static org.assertj.core.api.Assertions.assertThat;

import io.pageflip.os.NanoClock;
import io.pageflip.process.RealClient.Kind;
import io.pageflip.qmp.QmpClient;
import io.pageflip.testkit.Waiting;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** What docs/qmp.md has people type works as it stands there; but for the folder of the sockets. */
final class QmpExamplesIT {
    private static final Path TEXT = Path.of("../docs/qmp.md");
    private static final String CODE = "    ";
    private static final String PROMPT = "(QEMU) ";

    @RegisterExtension
    final Pageflip pageflip = new Pageflip();

    private final List<Run> agents = new ArrayList<>();
    private final List<RealClient> shells = new ArrayList<>();
    private final StringBuilder printed = new StringBuilder();
    private List<List<String>> blocks = List.of();

    /** Blocks of code: those of "Try it", in their order. */
    @BeforeEach
    void read() throws IOException {
        String text = Files.readString(TEXT);
        List<List<String>> found = new ArrayList<>();
        boolean inBlock = false;
        for (String line : text.substring(text.indexOf("\n## Try it"), text.indexOf("\n## Two kinds"))
                .split("\n", -1)) {
            if (line.startsWith(CODE)) {
                if (!inBlock) {
                    found.add(new ArrayList<>());
                }
                inBlock = true;
                found.get(found.size() - 1)
                        .add(line.strip().replace("/tmp/", pageflip.path("").toString() + "/"));
            } else if (!line.isEmpty()) {
                inBlock = false;
            }
        }
        blocks = found;
        assertThat(blocks).as("agents, ctl; qmp-shell, socat; migrate, ctl").hasSize(6);
    }

    private void type(int block) throws IOException {
        for (String line : blocks.get(block)) {
            type(line);
        }
    }

    private void type(String line) throws IOException {
        String script = line.replaceFirst("^pageflip ", "\"\\$PAGEFLIP\" ");
        if (line.startsWith("pageflip source") || line.startsWith("pageflip destination")) {
            agents.add(pageflip.shell("exec " + script).awaitErr("waiting for commands"));
        } else if (line.startsWith("pageflip migrate")) {
            agents.add(pageflip.shell("exec " + script));
        } else if (line.startsWith("qmp-shell ")) {
            shells.add(RealClient.connect(pageflip, Kind.QMP_SHELL, Path.of(line.substring("qmp-shell ".length()))));
        } else if (line.startsWith(PROMPT)) {
            RealClient shell = shells.get(shells.size() - 1);
            shell.write(line.substring(PROMPT.length()) + "\n");
            assertThat(shell.reply(line).toString()).isEqualTo("{\"return\":{}}");
        } else {
            printed.append(pageflip.shell(script).endsWith(0).out());
        }
    }

    @Test
    void thoseOfCtl() throws IOException {
        type(0);
        type(1);
        assertThat(printed).contains("Migration status: completed");
        for (Run agent : agents) {
            agent.endsWith(0);
            assertThat(agent.out()).contains("completed: the guest is at the destination");
        }
    }

    @Test
    void thoseOfQmpShellAndSocat() throws IOException, InterruptedException {
        Kind.QMP_SHELL.need();
        Kind.SOCAT.need();
        type(0);
        type(2);
        RealClient source = shells.get(1);
        source.awaitEvent("completed");
        assertThat(source.events()).startsWith("setup", "active", "MIGRATION_PASS 2");
        for (RealClient shell : shells) {
            shell.close();
        }
        type(3);
        assertThat(printed).contains("\"QMP\"", "\"return\":{\"status\":\"completed\"");
        for (String socket : List.of("src.qmp", "dst.qmp")) {
            try (QmpClient client =
                    QmpClient.connect(pageflip.path(socket), NanoClock.SYSTEM, () -> {}, Waiting.LIMIT_NS)) {
                client.execute("quit");
            }
        }
        for (Run agent : agents) {
            agent.endsWith(0);
        }
    }

    @Test
    void thoseOfMigrate() throws IOException {
        type(4);
        for (String socket : List.of("src.qmp", "dst.qmp")) {
            Waiting.until("the socket " + socket, () -> Files.exists(pageflip.path(socket)));
        }
        type(5);
        assertThat(printed).contains("inmigrate");
        Run migrate = agents.get(0).endsWith(0);
        assertThat(migrate.out()).contains("completed", "match: ");
    }
}
