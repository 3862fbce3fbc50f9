package io.pageflip.process;

import static org.assertj.core.api.Assertions.assertThat;

import io.pageflip.os.IdlePriority;
import io.pageflip.testkit.Waiting;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Objects;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What gives way to the vCPUs around the switchover, and for how long. */
final class PriorityIT {
    private static final String OTHER = "0";
    private static final String IDLE = "5";

    /** Field 41 of proc_pid_stat(5), counted from the first after the name. */
    private static final int POLICY_AFTER_NAME = 38;

    @RegisterExtension
    final Pageflip pageflip = new Pageflip();

    private static Set<String> compilerPolicies(Run run) {
        Set<String> policies = new HashSet<>();
        Path threads = Path.of("/proc", Long.toString(run.process().pid()), "task");
        for (String thread :
                Objects.requireNonNull(new File(threads.toString()).list(), () -> "it has ended: " + run)) {
            try {
                String stat = Files.readString(threads.resolve(thread).resolve("stat"));
                if (stat.contains("(C1 Compiler")) {
                    policies.add(stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1)[POLICY_AFTER_NAME]);
                }
            } catch (IOException e) {
                // The thread has ended meanwhile.
            }
        }
        return policies;
    }

    @ParameterizedTest
    @ValueSource(strings = {"CONT", "KILL"})
    void theCompilerGivesWayUntilTheGuestIsHandedOverOrTakenBack(String then) throws Exception {
        Host.need(
                IdlePriority.canGoBack() && Runtime.getRuntime().availableProcessors() > 1,
                "this user may not raise a thread again, or there is one processor");
        Path qmp = pageflip.path("s.qmp");
        Path socket = pageflip.path("m.sock");
        Run destination = pageflip.start(
                        "destination", "--listen=unix:" + socket, "--run-after=0.05", "--fault=stop@ready")
                .awaitErr("waiting for a source");
        Run source = pageflip.start("source", "--qmp=unix:" + qmp, "--ram=16M").awaitErr("waiting for commands");
        assertThat(compilerPolicies(source)).containsExactly(OTHER);

        pageflip.start("ctl", qmp.toString(), "migrate", "uri=unix:" + socket).endsWith(0);
        destination.awaitStopped();
        assertThat(compilerPolicies(source)).containsExactly(IDLE);
        assertThat(compilerPolicies(destination)).containsExactly(IDLE);

        destination.signal(then);
        Waiting.until(
                "the source's compiler has its priority back",
                () -> compilerPolicies(source).equals(Set.of(OTHER)));
        destination.end();
        pageflip.start("ctl", qmp.toString(), "quit").endsWith(0);
        source.end();
    }

    @Test
    void anOrdinaryUserIsToldAndMigratesAllTheSame() throws Exception {
        Run check =
                pageflip.startCommand(Host.asOrdinaryUser(Pageflip.launcher().toString(), "check"));
        check.end();
        assertThat(check.out()).containsPattern("idle-priority +no +a thread that has SCHED_IDLE keeps it");

        pageflip.startCommand(
                        Host.asOrdinaryUser(Pageflip.launcher().toString(), "migrate", "--ram=16M", "--run-after=0.05"))
                .endsWith(0);
    }
}
