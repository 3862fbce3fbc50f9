package io.pageflip.destination;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import io.pageflip.guest.GuestConfig;
import io.pageflip.guest.Workload;
import io.pageflip.ledger.PageLedger;
import io.pageflip.metrics.DowntimePhases;
import io.pageflip.metrics.Evidence;
import io.pageflip.metrics.Measured;
import io.pageflip.os.TimeNamespace;
import io.pageflip.ram.Backing;
import io.pageflip.ram.BlockSpec;
import io.pageflip.request.Mechanism;
import io.pageflip.request.Schedule;
import io.pageflip.scenario.Scenario;
import io.pageflip.wire.Message;
import io.pageflip.wire.ProtocolException;
import java.util.List;
import org.junit.jupiter.api.Test;

final class TimelineTest {
    private static final long MS = 1_000_000;
    private static final GuestConfig GUEST = new GuestConfig(1 << 20, Backing.MEMFD, 2, Workload.IDLE, 0, 10, 100, 1);
    private static final Message.Hello.File FILE = new Message.Hello.File(3, 4);
    private static final Message.Hello HELLO = new Message.Hello(
            1,
            1,
            1,
            Mechanism.FLIP,
            Schedule.STOP_AND_MOVE,
            true,
            true,
            false,
            GUEST,
            Scenario.PLAIN,
            FILE,
            FILE,
            FILE,
            FILE,
            List.of());

    /** vCPU 0 stood from 100 to 120 ms, vCPU 1 from 101 to 125. */
    private static final Timeline.Marks STOPPED =
            new Timeline.Marks(new long[] {100 * MS, 101 * MS}, 103 * MS, 104 * MS, 111 * MS, 14_000);

    private static final Message.SourceFigures SOURCE = new Message.SourceFigures(40 * MS, 0, 777, false, 0);

    private final Timeline timeline = new Timeline(TimeNamespace.HOST_CLOCK, false);

    TimelineTest() {
        timeline.readyNs = 90 * MS;
        timeline.pagesDoneNs = 110 * MS;
        timeline.noticedNs = 112 * MS;
        timeline.lockedNs = 113 * MS;
        timeline.claimedNs = 115 * MS;
        timeline.firstInstructionNs = new long[] {120 * MS, 125 * MS};
        timeline.pulse = new PulseWatch(
                (vcpu, slot) -> 0, (vcpu, slot) -> 0, STOPPED.lastInstructionNs(), timeline.firstInstructionNs);
    }

    private Measured result(PageLedger ledger) throws ProtocolException {
        return timeline.measured(HELLO, SOURCE, STOPPED, ledger, Evidence.HIDDEN, new Measured.GuestActivity(0, 0, 0));
    }

    private static PageLedger allHoles() throws ProtocolException {
        PageLedger ledger = new PageLedger(GUEST.blocks(), false);
        ledger.close(GUEST.blocks().stream().map(BlockSpec::pages).toList());
        return ledger;
    }

    @Test
    void downtimeIsThatOfTheVcpuThatStoodLongest() throws ProtocolException {
        Measured result = result(allHoles());
        assertThat(result.downtimeNs()).isEqualTo(24 * MS);
        assertThat(result.downtimeMs()).isEqualTo(24);
        assertThat(result.downtimePhasesNs())
                .isEqualTo(new DowntimePhases(2 * MS, 7 * MS, 0, 1 * MS, 1 * MS, 1 * MS, 2 * MS, 10 * MS));
        assertThat(result.downtimePhasesNs().total()).isEqualTo(result.downtimeNs());
        assertThat(result.dryRunNs()).as("no part of it").isEqualTo(14_000);
    }

    @Test
    void totalTimeEndsWithTheFirstInstruction() throws ProtocolException {
        Measured result = result(allHoles());
        assertThat(result.totalTimeMs()).isEqualTo(125 - 40);
        assertThat(result.setupTimeMs()).isEqualTo(90 - 40);
    }

    @Test
    void ramCountsBytesOfTheGuestAndPagesOfTheBlocks() throws ProtocolException {
        Measured result = result(allHoles());
        long pages = GUEST.blocks().stream().mapToLong(BlockSpec::pages).sum();
        long bytes = GUEST.blocks().stream().mapToLong(BlockSpec::lengthBytes).sum();
        assertThat(result.ram()).isEqualTo(new Measured.Ram(bytes, 777, 0, pages, 0, 0, 4096, 0, 0));
        assertThat(result.pages().total()).isEqualTo(pages);
        assertThat(result.blocks()).extracting(Measured.Block::name).containsExactly("ram", "vram", "rom");
    }

    @Test
    void pagesThatDoNotAddUpAreOurMistake() {
        assertThatIllegalStateException()
                .isThrownBy(() -> result(new PageLedger(GUEST.blocks(), false)))
                .withMessageStartingWith("pages do not add up");
    }
}
