package io.pageflip.kernel.workload;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.pageflip.kernel.Defect;
import io.pageflip.kernel.Outcome;
import io.pageflip.kernel.Warning;
import java.util.Arrays;
import java.util.Map;
import java.util.concurrent.CancellationException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Whole guests: what each condition comes to on each kernel, that all pages are accounted for, and how many frames it
 * takes.
 */
final class SimulationTest {
    private static final int PERCENT = Conditions.WHOLE / 100;
    private static final long PAGES = 70_000; // more than a part, and not whole chunks
    private static final Conditions MIXED =
            new Conditions(30 * PERCENT, 5 * PERCENT, 2 * PERCENT, PERCENT, PERCENT, PERCENT, PERCENT, 7);

    private static SimulationResult run(SimulatedKernel kernel, Conditions conditions, long pages, int threads)
            throws InterruptedException {
        return new Simulation(kernel, conditions, pages).run(threads, () -> false);
    }

    /** A guest all of whose pages are in one condition, which {@code option} names. */
    private static Conditions all(String option) {
        int[] parts = new int[7];
        parts[
                        Arrays.asList("thp", "forked", "ksm", "pinned", "swapped", "unaligned", "races")
                                .indexOf(option)] =
                Conditions.WHOLE;
        return new Conditions(parts[0], parts[1], parts[2], parts[3], parts[4], parts[5], parts[6], 1);
    }

    @ParameterizedTest
    @CsvSource({
        "stock, thp, copied, flag-ignored",
        "stock, unaligned, copied, flag-ignored",
        "vmsplice-move, thp, copied, compound",
        "vmsplice-move, forked, copied, still-mapped",
        "vmsplice-move, ksm, copied, still-mapped",
        "vmsplice-move, pinned, moved, moved",
        "vmsplice-move, swapped, moved, moved",
        "vmsplice-move, unaligned, failed, gift-not-aligned",
        "vmsplice-move-fixed, thp, copied, compound",
        "vmsplice-move-fixed, forked, copied, still-mapped",
        "vmsplice-move-fixed, ksm, copied, ksm",
        "vmsplice-move-fixed, pinned, moved, moved",
        "vmsplice-move-fixed, swapped, moved, moved",
        "vmsplice-move-fixed, unaligned, copied, buffer-offset",
        "vmsplice-move-fixed, races, copied, pte-taken",
        "fuse-move, thp, copied, not-stolen",
        "fuse-move, forked, copied, not-stolen",
        "fuse-move, ksm, copied, not-stolen",
        "fuse-move, pinned, copied, not-stolen",
        "fuse-move, swapped, copied, weird-flags",
        "fuse-move, unaligned, copied, buffer-length",
        "insert-special, thp, moved, inserted",
        "insert-special, forked, failed, not-pinned",
        "insert-special, ksm, failed, not-pinned",
        "insert-special, pinned, moved, inserted",
        "insert-special, swapped, failed, shared-memory",
        "insert-special, unaligned, moved, inserted",
        "insert-special, races, failed, entry-taken",
        "pipe-iter, thp, copied, not-stolen",
        "pipe-iter, forked, copied, not-stolen",
        "pipe-iter, ksm, copied, not-stolen",
        "pipe-iter, pinned, copied, not-stolen",
        "pipe-iter, swapped, moved, accepted",
        "pipe-iter, unaligned, copied, buffer-not-whole",
    })
    void aConditionHasItsReason(String kernel, String option, String outcome, String reason) throws Exception {
        SimulationResult result = run(kernel(kernel), all(option), 1024, 1);
        assertThat(result.pages()).isEqualTo(Map.of(outcome(outcome), Map.of(reason, 1024L)));
    }

    @ParameterizedTest
    @EnumSource
    void plainPagesMoveUnlessTheKernelIsAStockOne(SimulatedKernel kernel) throws Exception {
        SimulationResult result = run(kernel, Conditions.plain(1), 1000, 1);
        assertThat(result.count(kernel == SimulatedKernel.STOCK ? Outcome.COPIED : Outcome.MOVED))
                .isEqualTo(1000);
    }

    @ParameterizedTest
    @EnumSource
    void everyPageHasOneOutcomeWhateverTheNumberOfThreads(SimulatedKernel kernel) throws Exception {
        SimulationResult one = run(kernel, MIXED, PAGES, 1);
        assertThat(one.offered()).isEqualTo(PAGES);
        assertThat(one.addsUp()).isTrue();
        assertThat(run(kernel, MIXED, PAGES, 3)).isEqualTo(one);
    }

    @Test
    void theSeedDecidesWhichPages() throws Exception {
        Conditions other =
                new Conditions(30 * PERCENT, 5 * PERCENT, 2 * PERCENT, PERCENT, PERCENT, PERCENT, PERCENT, 8);
        assertThat(run(SimulatedKernel.VMSPLICE_MOVE_FIXED, other, PAGES, 1))
                .isNotEqualTo(run(SimulatedKernel.VMSPLICE_MOVE_FIXED, MIXED, PAGES, 1));
    }

    @Test
    void partsAreMetAboutAndLeaveTheRestPlain() throws Exception {
        Conditions conditions = new Conditions(0, 5 * PERCENT, 2 * PERCENT, 0, 0, PERCENT, 0, 3);
        SimulationResult result = run(SimulatedKernel.VMSPLICE_MOVE_FIXED, conditions, 1 << 18, 2);
        Map<String, Long> copied = result.reasons(Outcome.COPIED);
        assertThat(copied.keySet()).containsExactly("buffer-offset", "ksm", "still-mapped");
        assertThat(copied.get("still-mapped") / (double) (1 << 18)).isCloseTo(0.05, within(0.002));
        assertThat(copied.get("ksm") / (double) (1 << 18)).isCloseTo(0.02, within(0.002));
        assertThat(copied.get("buffer-offset") / (double) (1 << 18)).isCloseTo(0.01, within(0.002));
    }

    @Test
    void movedMemoryIsThereOnceAndCopiedMemoryTwice() throws Exception {
        FrameUse moved = run(SimulatedKernel.VMSPLICE_MOVE_FIXED, Conditions.plain(1), PAGES, 2)
                .frames();
        assertThat(moved).isEqualTo(new FrameUse(PAGES, PAGES, PAGES));
        FrameUse copied =
                run(SimulatedKernel.STOCK, Conditions.plain(1), PAGES, 2).frames();
        assertThat(copied).isEqualTo(new FrameUse(PAGES, 2 * PAGES, 2 * PAGES));
    }

    @Test
    void framesOfPartsThatRunOneAfterTheOtherAddUp() {
        FrameUse one = new FrameUse(10, 15, 0);
        FrameUse two = new FrameUse(20, 22, 21);
        assertThat(one.then(two)).isEqualTo(new FrameUse(30, 35, 21));
        assertThat(FrameUse.NONE.then(one)).isEqualTo(one);
        assertThat(one.then(two).then(one)).isEqualTo(one.then(two.then(one)));
    }

    @Test
    void whatRacesDoToThePostedCodeIsSaid() throws Exception {
        SimulationResult result = run(SimulatedKernel.VMSPLICE_MOVE, all("races"), 1024, 1);
        assertThat(result.pages())
                .isEqualTo(Map.of(
                        Outcome.CLAIMED_NOT_MOVED, Map.of("pte-taken", 512L), Outcome.MOVED, Map.of("moved", 512L)));
        assertThat(result.defects())
                .containsEntry(Defect.CLAIMED_NOT_MOVED, 512L)
                .containsEntry(Defect.SWAP_ENTRY_LOST, 512L);
    }

    @Test
    void racesOfAFuseRequestAreWarnedOf() throws Exception {
        SimulationResult result = run(SimulatedKernel.FUSE_MOVE, all("races"), 1023, 1);
        assertThat(result.pages())
                .isEqualTo(Map.of(
                        Outcome.COPIED,
                        Map.of("weird-count", 341L, "repopulated", 341L),
                        Outcome.FAILED,
                        Map.of("aborted", 341L)));
        assertThat(result.warnings())
                .containsEntry(Warning.FUSE_WEIRD_PAGE, 341L)
                .containsEntry(Warning.FUSE_ADD_FAILED, 341L);
    }

    @Test
    void racesOfAWriteFailOrCopy() throws Exception {
        assertThat(run(SimulatedKernel.PIPE_ITER, all("races"), 1023, 1).pages())
                .isEqualTo(Map.of(
                        Outcome.COPIED,
                        Map.of("add-without-memory", 341L),
                        Outcome.FAILED,
                        Map.of("not-begun", 341L, "no-block", 341L)));
    }

    @Test
    void aProcessEndsOnceHoweverManyPartsItsMemoryHas() throws Exception {
        SimulationResult result = run(SimulatedKernel.VMSPLICE_MOVE, Conditions.plain(1), 3 * 65_536, 2);
        assertThat(result.warnings()).containsEntry(Warning.BAD_RSS_COUNTER, 1L);
    }

    @ParameterizedTest
    @CsvSource({
        "stock, true, true, false, copied, flag-ignored",
        "stock, false, true, false, copied, not-gifted",
        "stock, true, false, false, copied, move-not-requested",
        "stock, true, true, true, copied, flag-ignored",
        "vmsplice-move, false, false, false, copied, not-gifted",
        "vmsplice-move-fixed, true, false, false, copied, move-not-requested",
        "vmsplice-move-fixed, true, true, true, copied, not-anonymous",
    })
    void vmspliceCanBeUsedOtherwise(
            String kernel, boolean gifts, boolean moves, boolean shared, String outcome, String reason)
            throws Exception {
        SimulationResult result = new Simulation(
                        kernel(kernel), Conditions.plain(1), 1000, new VmspliceUse(gifts, moves, shared))
                .run(1, () -> false);
        assertThat(result.pages()).isEqualTo(Map.of(outcome(outcome), Map.of(reason, 1000L)));
    }

    @Test
    void partsThatAreMoreThanAllAreRefused() {
        assertThatThrownBy(() -> new Conditions(60 * PERCENT, 41 * PERCENT, 0, 0, 0, 0, 0, 1))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new Conditions(0, -1, 0, 0, 0, 0, 0, 1)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new Conditions(0, 0, 0, 0, 0, 0, Conditions.WHOLE + 1, 1))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void aGuestThatIsTooLargeIsRefused() {
        assertThatThrownBy(() -> new Simulation(SimulatedKernel.STOCK, Conditions.plain(1), Simulation.MOST_PAGES + 1))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void canBeInterrupted() {
        Simulation simulation = new Simulation(SimulatedKernel.STOCK, Conditions.plain(1), 1024);
        assertThatThrownBy(() -> simulation.run(2, () -> true)).isInstanceOf(CancellationException.class);
    }

    private static SimulatedKernel kernel(String name) {
        return Arrays.stream(SimulatedKernel.values())
                .filter(kernel -> kernel.toString().equals(name))
                .findFirst()
                .orElseThrow();
    }

    private static Outcome outcome(String name) {
        return Outcome.valueOf(name.toUpperCase(java.util.Locale.ROOT));
    }
}
