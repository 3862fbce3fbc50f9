package io.pageflip.guest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.pageflip.heartbeat.GuestInfoPage;
import io.pageflip.os.MemFd;
import io.pageflip.os.NanoClock;
import io.pageflip.os.NativeBuffer;
import io.pageflip.ram.Backing;
import io.pageflip.ram.BlockSpec;
import io.pageflip.ram.DataMap;
import io.pageflip.switchover.SwitchoverPage;
import io.pageflip.testkit.Tasks;
import io.pageflip.testkit.Waiting;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

final class GuestIT {
    private static final int RAM_PAGES = 700;

    static Stream<Arguments> everyKindOfGuest() {
        List<Arguments> all = new ArrayList<>();
        for (Workload workload : Workload.values()) {
            for (Backing backing : List.of(Backing.MEMFD, Backing.ANONYMOUS)) {
                for (int vcpus : new int[] {1, 3}) {
                    for (int fill : new int[] {0, 30, 100}) {
                        all.add(Arguments.of(workload, backing, vcpus, fill));
                    }
                }
            }
        }
        return all.stream();
    }

    @ParameterizedTest
    @MethodSource("everyKindOfGuest")
    void whatRanAndStoppedIsAsItMustBe(Workload workload, Backing backing, int vcpus, int fill) throws IOException {
        GuestConfig config = Machine.config(RAM_PAGES * 4096L + 512, backing, vcpus, workload, fill);
        try (Machine machine = Machine.powerOn(config)) {
            Guest guest = machine.guest();
            machine.verifyMatches();
            long holes = DataMap.scan(guest.blocks().get(GuestConfig.RAM)).holes();
            long expectedHoles = java.util.stream.LongStream.rangeClosed(0, RAM_PAGES)
                    .filter(page -> !config.filled(page))
                    .count();
            assertThat(holes).isEqualTo(expectedHoles);

            guest.resume();
            long[] first = guest.awaitFirstInstructions(Waiting.LIMIT_NS);
            machine.awaitInstructions(100);
            if (workload != Workload.IDLE) {
                machine.awaitPagesWritten(100);
            }
            guest.stop();

            assertThat(first).hasSize(vcpus).doesNotContain(0);
            guest.checkVcpus();
            machine.verifyMatches();
            assertThat(DataMap.scan(guest.blocks().get(GuestConfig.RAM)).holes())
                    .as("the guest never writes what is not filled")
                    .isEqualTo(expectedHoles);
            if (workload == Workload.IDLE) {
                assertThat(guest.pagesWritten()).isZero();
            }
        }
    }

    @Test
    void powerOnTellsItsProgress() throws IOException {
        List<Long> told = new ArrayList<>();
        GuestConfig config = Machine.small();
        try (Machine machine = Machine.make(config, NanoClock.SYSTEM)) {
            machine.guest().powerOn(told::add);
            long all =
                    config.blocks().stream().mapToLong(BlockSpec::oraclePages).sum();
            assertThat(told).isSorted().last().isEqualTo(all);
        }
    }

    @Test
    void theHeartBeatsTypicallyMoreOftenThanEveryTenMicroseconds() throws IOException {
        try (Machine machine = Machine.powerOn(Machine.config(2 << 20, Backing.MEMFD, 1, Workload.IDLE, 100))) {
            Guest guest = machine.guest();
            guest.resume();
            machine.awaitInstructions(1000);
            // Some window of 20 ms in which the vCPU has a processor: this machine may be busy with other things.
            Waiting.until("100,000 instructions a second", () -> {
                long before = guest.instructions();
                long start = System.nanoTime();
                while (System.nanoTime() - start < 20_000_000) {
                    Thread.onSpinWait();
                }
                long tookNs = System.nanoTime() - start;
                return (guest.instructions() - before) * 10_000 > tookNs;
            });
            guest.stop();
        }
    }

    @Test
    void theHeartbeatsTimeIsOfTheHostsClock() throws IOException {
        try (Machine machine = Machine.powerOn(Machine.small())) {
            Guest guest = machine.guest();
            long before = NanoClock.SYSTEM.nanoTime();
            guest.resume();
            long first = guest.awaitFirstInstructions(Waiting.LIMIT_NS)[0];
            machine.awaitInstructions(10);
            guest.stop();
            long after = NanoClock.SYSTEM.nanoTime();
            long last = machine.save().vcpuLastInstructionNs(0);
            assertThat(first).isBetween(before, after);
            assertThat(last).isBetween(first, after);
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"MEMFD", "ANONYMOUS"})
    void theInformationPageIsLaidOutAsPromised(Backing backing) throws IOException {
        int vcpus = 3;
        try (Machine machine = Machine.powerOn(Machine.config(2 << 20, backing, vcpus, Workload.SEQUENTIAL, 100))) {
            Guest guest = machine.guest();
            guest.resume();
            machine.awaitInstructions(50);
            guest.stop();

            NativeBuffer expected = NativeBuffer.allocate(Machine.PAGE); // everything else is zero
            expected.bytes().put(0, "PAGEFLIP".getBytes(StandardCharsets.US_ASCII));
            expected.bytes().put(8, (byte) 2).put(12, (byte) vcpus);
            SwitchoverPage registers = machine.save();
            for (int i = 0; i < vcpus; i++) {
                assertThat(registers.vcpuInstructions(i)).isGreaterThanOrEqualTo(50);
                expected.bytes().putLong(64 + 64 * i, registers.vcpuInstructions(i));
                expected.bytes().putLong(72 + 64 * i, registers.vcpuLastInstructionNs(i));
            }
            byte[] page = new byte[Machine.PAGE];
            ByteBuffer found = ByteBuffer.wrap(machine.page(GuestConfig.RAM, 0)).order(ByteOrder.LITTLE_ENDIAN);
            assertThat(found.getLong(16)).as("the guest's number, at random").isNotZero();
            expected.bytes().putLong(16, found.getLong(16));
            expected.bytes().get(0, page);
            assertThat(found.array()).isEqualTo(page);

            MemFd file = guest.blocks().get(GuestConfig.RAM).file();
            if (file != null) { // whoever opens the memfd sees the same
                NativeBuffer seen = NativeBuffer.allocate(Machine.PAGE);
                file.read(0, seen, Machine.PAGE);
                byte[] outside = new byte[Machine.PAGE];
                seen.bytes().get(0, outside);
                assertThat(outside).isEqualTo(page);
            }
        }
    }

    @Test
    void asManyVcpusAsThePageHoldsBeatSideBySide() throws IOException {
        GuestConfig config =
                new GuestConfig(2 << 20, Backing.MEMFD, GuestInfoPage.MAX_VCPUS, Workload.UNIFORM, 20_000, 10, 100, 1);
        try (Machine machine = Machine.powerOn(config)) {
            machine.guest().resume();
            machine.guest().awaitFirstInstructions(Waiting.LIMIT_NS);
            machine.guest().stop();
            machine.verifyMatches();
        }
    }

    @Test
    void nothingChangesOnceStopHasReturned() throws IOException {
        try (Machine machine = Machine.powerOn(Machine.config(2 << 20, Backing.MEMFD, 3, Workload.UNIFORM, 100))) {
            Guest guest = machine.guest();
            for (int i = 0; i < 3; i++) {
                guest.resume();
                machine.awaitInstructions(500);
                guest.stop();
                List<byte[]> before = machine.snapshot();
                long clock = guest.clockNs();
                await("nothing changes")
                        .during(Duration.ofMillis(40))
                        .atMost(Waiting.LIMIT)
                        .until(() -> Arrays.deepEquals(
                                before.toArray(), machine.snapshot().toArray()));
                assertThat(guest.clockNs()).as("its clock stands as well").isEqualTo(clock);
            }
        }
    }

    @Test
    void stopReturnsHoweverSoonItFollowsResume() throws IOException {
        try (Machine machine = Machine.powerOn(Machine.config(2 << 20, Backing.MEMFD, 2, Workload.UNIFORM, 100))) {
            Tasks<Boolean> ups = Tasks.start("resume and stop", () -> {
                for (int i = 0; i < 1000; i++) {
                    machine.guest().resume();
                    machine.guest().stop();
                }
                return true;
            });
            assertThat(ups.await()).isTrue();
            machine.verifyMatches();
            machine.guest().resume();
            machine.guest().awaitFirstInstructions(Waiting.LIMIT_NS);
            machine.guest().stop();
            machine.verifyMatches();
        }
    }

    @Test
    void collectionsDoNotStopTheGuestForGood() throws IOException {
        try (Machine machine = Machine.powerOn(Machine.config(2 << 20, Backing.MEMFD, 2, Workload.HOTSET, 100))) {
            AtomicBoolean enough = new AtomicBoolean();
            machine.guest().resume();
            Tasks<Integer> storm = Tasks.start("collections", () -> {
                int count = 0;
                while (!enough.get() || count < 10) {
                    System.gc();
                    count++;
                }
                return count;
            });
            machine.awaitInstructions(20_000);
            machine.awaitPagesWritten(500);
            enough.set(true);
            assertThat(storm.await()).isGreaterThanOrEqualTo(10);
            machine.awaitInstructions(1000);
            machine.guest().stop();
            machine.verifyMatches();
        }
    }

    @Test
    void whatNeedsAPausedGuestIsRefusedWhileItRuns() throws IOException {
        try (Machine machine = Machine.powerOn(Machine.small())) {
            Guest guest = machine.guest();
            SwitchoverPage state = machine.save();
            guest.resume();
            assertThat(guest.isRunning()).isTrue();
            assertThatThrownBy(() -> guest.save(state)).isInstanceOf(IllegalStateException.class);
            assertThatThrownBy(() -> guest.load(state)).isInstanceOf(IllegalStateException.class);
            assertThatThrownBy(guest::verify).isInstanceOf(IllegalStateException.class);
            guest.stop();
            guest.stop(); // that it stands already is no mistake
            assertThat(guest.isRunning()).isFalse();
            machine.verifyMatches();
        }
    }

    @Test
    void aGuestThatWasNotResumedExecutesNothing() throws IOException {
        try (Machine machine = Machine.powerOn(Machine.small())) {
            assertThatThrownBy(() -> machine.guest().awaitFirstInstructions(5_000_000))
                    .isInstanceOf(IOException.class)
                    .hasMessage("vCPU 0 has executed no instruction for 5000000 ns");
            assertThat(machine.guest().instructions()).isZero();
        }
    }

    @Test
    void aVcpuThatFailsIsReportedAndDoesNotKeepStopWaiting() throws IOException {
        AtomicBoolean broken = new AtomicBoolean();
        NanoClock clock = () -> {
            if (broken.get() && Thread.currentThread().getName().startsWith("vcpu-")) {
                throw new IllegalStateException("the clock broke");
            }
            return System.nanoTime();
        };
        try (Machine machine = Machine.make(Machine.config(2 << 20, Backing.MEMFD, 2, Workload.IDLE, 100), clock)) {
            Guest guest = machine.guest();
            guest.powerOn(pages -> {});
            guest.resume();
            machine.awaitInstructions(10);
            guest.checkVcpus();
            broken.set(true);
            Waiting.untilAsserted(
                    "the failure",
                    () -> assertThatThrownBy(guest::checkVcpus)
                            .isInstanceOf(IOException.class)
                            .hasMessageContaining("the clock broke")
                            .hasRootCauseInstanceOf(IllegalStateException.class));
            Tasks.start("stop", () -> {
                        guest.stop();
                        return true;
                    })
                    .await();
            assertThat(guest.isRunning()).isFalse();
        }
    }

    @Test
    void itsClockCountsOnlyWhileItRuns() throws IOException {
        try (Machine machine = Machine.powerOn(Machine.small())) {
            Guest guest = machine.guest();
            assertThat(guest.clockNs()).isZero();
            long before = System.nanoTime();
            guest.resume();
            machine.awaitInstructions(10);
            long running = guest.clockNs();
            guest.stop();
            long stopped = guest.clockNs();
            assertThat(running).isPositive();
            assertThat(stopped).isBetween(running, System.nanoTime() - before);
            guest.resume();
            machine.awaitInstructions(10);
            assertThat(guest.clockNs()).isGreaterThan(stopped);
            guest.stop();
        }
    }
}
