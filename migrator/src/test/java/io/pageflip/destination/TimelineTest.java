package io.pageflip.destination;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import io.pageflip.guest.GuestConfig;
import io.pageflip.guest.Workload;
import io.pageflip.heartbeat.GuestInfoPage;
import io.pageflip.ledger.PageLedger;
import io.pageflip.metrics.DowntimePhases;
import io.pageflip.metrics.Evidence;
import io.pageflip.metrics.Measured;
import io.pageflip.metrics.ResultJson;
import io.pageflip.metrics.Trace;
import io.pageflip.os.TimeNamespace;
import io.pageflip.ram.Backing;
import io.pageflip.ram.BlockSpec;
import io.pageflip.ram.FaultLog;
import io.pageflip.request.Mechanism;
import io.pageflip.request.Schedule;
import io.pageflip.scenario.Scenario;
import io.pageflip.wire.FrameType;
import io.pageflip.wire.Message;
import io.pageflip.wire.ProtocolException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
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

    private final Timeline timeline = timeline(false);

    private static Timeline timeline(boolean traces) {
        Timeline timeline = new Timeline(TimeNamespace.HOST_CLOCK, traces);
        timeline.readyNs = 90 * MS;
        timeline.pagesDoneNs = 110 * MS;
        timeline.noticedNs = 112 * MS;
        timeline.lockedNs = 113 * MS;
        timeline.claimedNs = 115 * MS;
        timeline.firstInstructionNs = new long[] {120 * MS, 125 * MS};
        timeline.pulse = new PulseWatch(
                (vcpu, slot) -> 0, (vcpu, slot) -> 0, 1, STOPPED.lastInstructionNs(), timeline.firstInstructionNs);
        return timeline;
    }

    private Measured result(PageLedger ledger) throws ProtocolException {
        return result(timeline, ledger);
    }

    private static Measured result(Timeline timeline, PageLedger ledger) throws ProtocolException {
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
    void thereIsATraceIfOneWasAskedFor() throws ProtocolException {
        assertThat(result(allHoles()).trace()).isNull();

        Timeline traced = timeline(true);
        FaultLog log = new FaultLog(1);
        log.serving();
        log.executed(121 * MS, 123 * MS);
        traced.waits = List.of(log, new FaultLog(2));
        traced.received.add(50 * MS, 51 * MS, 512);
        Trace trace = Objects.requireNonNull(result(traced, allHoles()).trace());

        assertThat(trace.sourcePid()).isEqualTo(HELLO.pid());
        assertThat(trace.destinationPid())
                .isEqualTo((int) ProcessHandle.current().pid());
        assertThat(trace.startNs()).isEqualTo(40 * MS);
        assertThat(trace.readyNs()).isEqualTo(90 * MS);
        assertThat(trace.longestPaused()).isEqualTo(1);
        assertThat(trace.vcpus())
                .containsExactly(
                        new Trace.Vcpu(
                                100 * MS,
                                120 * MS,
                                null,
                                new Trace.Slices(List.of(121 * MS), List.of(2 * MS), List.of(), 0)),
                        new Trace.Vcpu(101 * MS, 125 * MS, null, Trace.Slices.NONE));
        assertThat(trace.received()).isEqualTo(new Trace.Slices(List.of(50 * MS), List.of(MS), List.of(512L), 0));
    }

    /** The largest guest, with more of everything than a trace holds. */
    @Test
    void theLargestTraceFitsIntoTheReport() throws ProtocolException {
        Timeline traced = timeline(true);
        List<FaultLog> logs = new ArrayList<>();
        for (int i = 0; i < GuestInfoPage.MAX_VCPUS; i++) {
            FaultLog log = new FaultLog(i);
            for (int k = 0; k < 2 * Trace.Slices.MOST; k++) {
                log.serving();
                log.executed(Long.MAX_VALUE - 1, Long.MAX_VALUE);
            }
            logs.add(log);
        }
        traced.waits = logs;
        traced.firstInstructionNs = new long[GuestInfoPage.MAX_VCPUS];
        Arrays.fill(traced.firstInstructionNs, Long.MAX_VALUE);
        for (int k = 0; k < 2 * Trace.Slices.MOST; k++) {
            traced.received.add(Long.MAX_VALUE / 2, Long.MAX_VALUE, 1 << 20);
            traced.batches.add(Long.MAX_VALUE / 2, Long.MAX_VALUE, 1 << 20);
        }
        Timeline.Marks marks = new Timeline.Marks(new long[GuestInfoPage.MAX_VCPUS], 103 * MS, 104 * MS, 111 * MS, 0);
        Trace trace = Objects.requireNonNull(
                traced.measured(HELLO, SOURCE, marks, allHoles(), Evidence.HIDDEN, new Measured.GuestActivity(0, 0, 0))
                        .trace());

        assertThat(trace.received().leftOff()).isEqualTo(Trace.Slices.MOST);
        assertThat(trace.vcpus())
                .allSatisfy(vcpu -> assertThat(vcpu.waits().startNs()).hasSize(65));
        assertThat(ResultJson.write(trace).length()).isLessThan(FrameType.COMPLETED.maxBody() / 2);
    }

    @Test
    void pagesThatDoNotAddUpAreOurMistake() {
        assertThatIllegalStateException()
                .isThrownBy(() -> result(new PageLedger(GUEST.blocks(), false)))
                .withMessageStartingWith("pages do not add up");
    }
}
