package io.pageflip.process;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** An ordinary user: page flips need no privilege, only their evidence does. */
final class NonRootIT {
    @RegisterExtension
    final Pageflip pageflip = Pageflip.asUsersDo();

    @Test
    void flipMovesPagesAndFrameNumbersAreHidden() throws IOException {
        Report report = migrate("--mechanism", "flip");

        assertThat(report.pages("ram").path("moved").asLong()).isEqualTo(4096);
        assertThat(report.at("/runs/0/evidence/frames-visible").asBoolean()).isFalse();
        assertThat(report.at("/runs/0/evidence/compared").asLong()).isZero();
    }

    @Test
    void aProbeDecidesWhatBecameOfGifts() throws IOException {
        Report report = migrate("--mechanism", "gift", "--backing", "anonymous", "--channel", "pipe");

        assertThat(report.at("/runs/0/evidence/decided-by").asText()).isEqualTo("probe");
        assertThat(report.at("/runs/0/evidence/frames-visible").asBoolean()).isFalse();
        assertThat(report.reasons("ram")).containsOnlyKeys("kernel-declined");
    }

    @Test
    void aShellPipeWorks() throws IOException {
        Run run = pageflip.startCommand(Host.asOrdinaryUser(
                        "sh", "-c", "\"$PAGEFLIP\" source --ram 16M | \"$PAGEFLIP\" destination --run-after 0.05"))
                .endsWith(0);

        assertThat(run.out()).contains("completed: the guest is at the destination", "8,192 moved", "match: ");
        assertThat(run.out()).contains("frame numbers are hidden (CAP_SYS_ADMIN shows them)");
    }

    private Report migrate(String... options) throws IOException {
        List<String> command = new ArrayList<>(List.of(Pageflip.launcher().toString(), "migrate", "--format=json"));
        command.addAll(Pageflip.SMALL);
        command.addAll(Arrays.asList(options));
        Run run = pageflip.startCommand(Host.asOrdinaryUser(command.toArray(String[]::new)))
                .endsWith(0);
        assertThat(run.err()).isEmpty();
        return Report.parse(run.out()).assertCompleted("match");
    }
}
