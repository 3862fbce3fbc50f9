package io.pageflip.prediction;

import static org.assertj.core.api.Assertions.assertThat;

import io.pageflip.guest.GuestConfig;
import io.pageflip.guest.Workload;
import io.pageflip.kernel.workload.SimulatedKernel;
import io.pageflip.memory.PageBitmap;
import io.pageflip.metrics.PageCounts;
import io.pageflip.ram.Backing;
import io.pageflip.request.Mechanism;
import io.pageflip.request.Schedule;
import io.pageflip.scenario.RamConditions;
import io.pageflip.scenario.Scenario;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** What is said of a migration before it runs. */
final class PredictorTest {
    private static final long RAM = 16 << 20;
    private static final Costs COSTS =
            new Costs(Costs.SCHEMA, null, Map.of("flip", new Costs.Cost(0, 1), "gift", new Costs.Cost(0, 2)));

    private static GuestConfig guest(Backing backing, int fill) {
        return new GuestConfig(RAM, backing, 1, Workload.IDLE, 0, 10, fill, 1);
    }

    private static Planned planned(Mechanism mechanism, Schedule schedule, boolean gifts, boolean moves, int fill) {
        Backing backing = mechanism == Mechanism.GIFT ? Backing.ANONYMOUS : Backing.MEMFD;
        return new Planned(
                guest(backing, fill),
                Scenario.PLAIN,
                false,
                mechanism,
                schedule,
                gifts,
                moves,
                512,
                SimulatedKernel.STOCK);
    }

    private static PageCounts block(Planned planned, String name) throws InterruptedException {
        Map<String, PageCounts> blocks =
                Objects.requireNonNull(new Predictor(null).predict(planned).blocks());
        assertThat(blocks).containsOnlyKeys("ram", "vram", "rom");
        assertThat(blocks.values()).allMatch(PageCounts::addsUp);
        return Objects.requireNonNull(blocks.get(name));
    }

    @ParameterizedTest
    @CsvSource({
        "FLIP, true, true, moved, private-memory",
        "FLIP, false, true, not-gifted, private-memory",
        "FLIP, true, false, move-not-requested, private-memory",
        "FLIP, false, false, not-gifted, private-memory",
        "GIFT, true, true, kernel-declined, not-page-sized",
        "GIFT, false, true, not-gifted, not-page-sized",
        "GIFT, true, false, move-not-requested, not-page-sized",
        "GIFT, false, false, not-gifted, not-page-sized",
        "STREAM, true, true, mechanism-copies, mechanism-copies",
        "PULL, true, true, mechanism-copies, mechanism-copies",
    })
    void everyBlockHasItsReason(Mechanism mechanism, boolean gifts, boolean moves, String ram, String rom)
            throws Exception {
        Planned planned = planned(mechanism, Schedule.STOP_AND_MOVE, gifts, moves, 100);
        for (String name : new String[] {"ram", "vram"}) {
            assertThat(block(planned, name))
                    .isEqualTo(
                            ram.equals("moved")
                                    ? new PageCounts(4096, 4096, 0, 0, Map.of())
                                    : new PageCounts(4096, 0, 4096, 0, Map.of(ram, 4096L)));
        }
        Map<String, Long> reasons =
                rom.equals("private-memory") ? Map.of("private-memory", 64L, "not-page-sized", 1L) : Map.of(rom, 65L);
        assertThat(block(planned, "rom")).isEqualTo(new PageCounts(65, 0, 65, 0, reasons));
    }

    @Test
    void holesAreThoseOfTheGuestsDescription() throws Exception {
        Planned planned = planned(Mechanism.FLIP, Schedule.STOP_AND_MOVE, true, true, 40);
        long filled = 0;
        for (long page = 0; page < 4096; page++) {
            filled += planned.guest().filled(page) ? 1 : 0;
        }
        assertThat(filled).isBetween(1000L, 2500L);
        assertThat(block(planned, "ram")).isEqualTo(new PageCounts(4096, filled, 0, 4096 - filled, Map.of()));
    }

    @ParameterizedTest
    @CsvSource({"true, moved", "false, move-not-requested"})
    void whatAThirdProcessMapsIsCopied(boolean moves, String rest) throws Exception {
        GuestConfig guest = new GuestConfig(RAM, Backing.MEMFD, 1, Workload.IDLE, 0, 10, 40, 1);
        Scenario scenario = new Scenario(20, RamConditions.PLAIN);
        Planned planned = new Planned(
                guest, scenario, false, Mechanism.FLIP, Schedule.HANDOVER, true, moves, 512, SimulatedKernel.STOCK);
        long filled = 0;
        long shared = 0;
        PageBitmap sharedPages = scenario.sharedPages(4096, guest.seed());
        for (long page = 0; page < 4096; page++) {
            filled += guest.filled(page) ? 1 : 0;
            shared += guest.filled(page) && sharedPages.get(page) ? 1 : 0;
        }
        assertThat(shared).isPositive();
        Map<String, Long> reasons =
                moves ? Map.of("still-mapped", shared) : Map.of("still-mapped", shared, rest, filled - shared);
        long moved = moves ? filled - shared : 0;
        assertThat(block(planned, "ram"))
                .isEqualTo(new PageCounts(4096, moved, filled - moved, 4096 - filled, reasons));
    }

    @Test
    void whatTheDestinationHasAndWhatItHasNoPlaceForIsNotFlipped() throws Exception {
        RamConditions conditions = new RamConditions(0, 0, 0, 10, 20);
        GuestConfig guest = new GuestConfig(RAM, Backing.MEMFD, 1, Workload.IDLE, 0, 10, 100, 1);
        Scenario scenario = new Scenario(0, conditions);
        Planned planned = new Planned(
                guest, scenario, false, Mechanism.FLIP, Schedule.HANDOVER, true, true, 512, SimulatedKernel.STOCK);
        assertThat(block(planned, "ram"))
                .isEqualTo(new PageCounts(
                        4096,
                        4096 - 8 * 153,
                        0,
                        8 * 153,
                        0,
                        Map.of(),
                        Map.of("already-present", 8L * 51, "no-mapping", 8L * 102)));
    }

    @Test
    void hugeForkedAndUnalignedPagesAreNotMovedByAKernelThatMovesOthers() throws Exception {
        RamConditions conditions = new RamConditions(30, 10, 5, 0, 0);
        GuestConfig guest = new GuestConfig(RAM, Backing.ANONYMOUS, 1, Workload.IDLE, 0, 10, 100, 1);
        Scenario scenario = new Scenario(0, conditions);
        Planned planned = new Planned(
                guest,
                scenario,
                false,
                Mechanism.GIFT,
                Schedule.STOP_AND_MOVE,
                true,
                true,
                512,
                SimulatedKernel.VMSPLICE_MOVE_FIXED);
        long others = conditions.huge(4096).cardinality()
                + conditions.forked(4096).cardinality()
                + conditions.unaligned(4096).cardinality();
        assertThat(block(planned, "ram"))
                .isEqualTo(new PageCounts(4096, 4096 - others, others, 0, Map.of("kernel-declined", others)));
    }

    @ParameterizedTest
    @CsvSource({"0, true", "1, false"})
    void forkedPagesAreForetoldOnlyIfTheGuestWritesNone(int dirtyRate, boolean foretold) throws Exception {
        RamConditions conditions = new RamConditions(0, 5, 0, 0, 0);
        GuestConfig guest = new GuestConfig(RAM, Backing.ANONYMOUS, 1, Workload.HOTSET, dirtyRate, 10, 100, 1);
        Scenario scenario = new Scenario(0, conditions);
        Prediction prediction = new Predictor(null)
                .predict(new Planned(
                        guest,
                        scenario,
                        false,
                        Mechanism.GIFT,
                        Schedule.STOP_AND_MOVE,
                        true,
                        true,
                        512,
                        SimulatedKernel.STOCK));
        assertThat(prediction.blocks() != null).isEqualTo(foretold);
        assertThat(prediction.undetermined() == null).isEqualTo(foretold);
    }

    @Test
    void aHugePageHoldsDataIfAnyOfItDoes() throws Exception {
        Planned planned = new Planned(
                guest(Backing.HUGETLB, 0),
                Scenario.PLAIN,
                false,
                Mechanism.FLIP,
                Schedule.STOP_AND_MOVE,
                true,
                true,
                512,
                SimulatedKernel.STOCK);
        assertThat(block(planned, "ram")).isEqualTo(new PageCounts(8, 1, 0, 7, Map.of()));
    }

    @Test
    void onAKernelThatMovesGiftsPrivateMemoryMovesAndAMemfdDoesNot() throws Exception {
        Planned planned = new Planned(
                guest(Backing.ANONYMOUS, 100),
                Scenario.PLAIN,
                false,
                Mechanism.GIFT,
                Schedule.STOP_AND_MOVE,
                true,
                true,
                512,
                SimulatedKernel.VMSPLICE_MOVE_FIXED);
        assertThat(block(planned, "ram").moved()).isEqualTo(4096);
        assertThat(block(planned, "vram").copyReasons()).isEqualTo(Map.of("kernel-declined", 4096L));
        assertThat(block(planned, "rom").copyReasons()).isEqualTo(Map.of("not-page-sized", 65L));
    }

    @ParameterizedTest
    @EnumSource(names = {"HANDOVER", "POSTCOPY"})
    void otherSchedulesOfFlipMoveTheSamePages(Schedule schedule) throws Exception {
        Planned now = planned(Mechanism.FLIP, Schedule.STOP_AND_MOVE, true, true, 70);
        Planned other = planned(Mechanism.FLIP, schedule, true, true, 70);
        Predictor predictor = new Predictor(COSTS);
        assertThat(predictor.predict(other).blocks())
                .isEqualTo(predictor.predict(now).blocks());
        assertThat(predictor.predict(now).pagesNs()).isNotNull();
        assertThat(predictor.predict(other).pagesNs()).isNull();
    }

    @Test
    void whatIsNotDeterminedIsNotPredicted() throws Exception {
        Predictor predictor = new Predictor(COSTS);
        Planned precopy = planned(Mechanism.GIFT, Schedule.PRECOPY, true, true, 100);
        assertThat(predictor.predict(precopy).undetermined()).contains("last round");
        assertThat(predictor.predict(precopy).pages()).isNull();
        Planned fuse = planned(Mechanism.FUSE, Schedule.STOP_AND_MOVE, true, true, 100);
        assertThat(predictor.predict(fuse).undetermined()).contains("the kernel decides");
        Planned stream = planned(Mechanism.STREAM, Schedule.PRECOPY, true, true, 100);
        assertThat(predictor.predict(stream).undetermined()).isNull();
    }

    @Test
    void theTimeIsThatOfThePagesThatCross() throws Exception {
        Predictor predictor = new Predictor(COSTS);
        assertThat(predictor
                        .predict(planned(Mechanism.FLIP, Schedule.STOP_AND_MOVE, true, true, 100))
                        .pagesNs())
                .isEqualTo(2 * 4096 + 65);
        assertThat(predictor
                        .predict(planned(Mechanism.GIFT, Schedule.STOP_AND_MOVE, true, true, 100))
                        .pagesNs())
                .isEqualTo(2 * (2 * 4096 + 65));
        assertThat(predictor
                        .predict(planned(Mechanism.PULL, Schedule.STOP_AND_MOVE, true, true, 100))
                        .pagesNs())
                .as("not measured")
                .isNull();
        assertThat(predictor
                        .predict(planned(Mechanism.FLIP, Schedule.STOP_AND_MOVE, false, true, 100))
                        .pagesNs())
                .as("flip that copies was not measured")
                .isNull();
    }
}
