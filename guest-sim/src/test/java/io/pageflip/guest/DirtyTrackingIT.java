package io.pageflip.guest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pageflip.memory.PageBitmap;
import io.pageflip.os.Capability;
import io.pageflip.os.HostCapabilities;
import io.pageflip.os.NativeBuffer;
import io.pageflip.ram.Backing;
import io.pageflip.ram.BlockSpec;
import io.pageflip.ram.DirtyLogTest;
import io.pageflip.ram.DirtyTracker;
import io.pageflip.ram.DirtyTracking;
import io.pageflip.ram.RamBlock;
import io.pageflip.testkit.HugePages;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.opentest4j.TestAbortedException;

/** Both ways of tracking, against each other and against the oracle, which knows every write. */
final class DirtyTrackingIT {
    private static final long RAM_BYTES = 700 * 4096L + 512;
    private static final int HUGE = 2 << 20;

    static Stream<Arguments> writingGuests() {
        List<Arguments> all = new ArrayList<>();
        for (Workload workload : Workload.values()) {
            for (Backing backing : List.of(Backing.MEMFD, Backing.ANONYMOUS)) {
                for (int vcpus : new int[] {1, 3}) {
                    for (int fill : new int[] {0, 30, 100}) {
                        all.add(Arguments.of(backing, vcpus, workload, fill));
                    }
                }
            }
        }
        return all.stream();
    }

    private static Machine powerOn(Backing backing, int vcpus, Workload workload, int fill) throws IOException {
        return powerOn(Machine.config(RAM_BYTES, backing, vcpus, workload, fill));
    }

    private static Machine powerOn(GuestConfig config) throws IOException {
        Capability tracking = HostCapabilities.probeWriteTracking();
        if (!tracking.available()) {
            throw new TestAbortedException("no " + tracking.name() + " here: " + tracking.detail());
        }
        return Machine.powerOn(config);
    }

    @ParameterizedTest
    @MethodSource("writingGuests")
    void bothFindWhatTheOracleKnows(Backing backing, int vcpus, Workload workload, int fill) throws IOException {
        try (Machine machine = powerOn(backing, vcpus, workload, fill)) {
            expectAgreement(machine, workload);
        }
    }

    @Test
    void bothFindWholeHugePages() throws IOException {
        GuestConfig config = Machine.config(6L * HUGE, Backing.HUGETLB, 2, Workload.HOTSET, 60);
        try (HugePages reserved = HugePages.reserve(6);
                Machine machine = powerOn(config)) {
            assertThat(reserved).isNotNull();
            expectAgreement(machine, Workload.HOTSET);
        }
    }

    private static void expectAgreement(Machine machine, Workload workload) throws IOException {
        Guest guest = machine.guest();
        try (DirtyTracker kernel = guest.trackDirty(DirtyTracking.WRITE_PROTECT);
                DirtyTracker log = guest.trackDirty(DirtyTracking.LOG)) {
            for (int round = 0; round < 3; round++) {
                Generations before = new Generations(machine);
                run(machine, workload, 200);
                for (int block = 0; block < guest.blocks().size(); block++) {
                    PageBitmap expected = before.changed(block);
                    assertSame(kernel.take(block), expected, "the kernel's, block " + block + ", round " + round);
                    assertSame(log.take(block), expected, "the log's, block " + block + ", round " + round);
                }
            }
            for (int block = 0; block < guest.blocks().size(); block++) {
                assertThat(kernel.take(block).cardinality() + log.take(block).cardinality())
                        .as("a guest that stands writes nothing")
                        .isZero();
            }
        }
    }

    private static void run(Machine machine, Workload workload, int pages) {
        machine.guest().resume();
        machine.awaitInstructions(100);
        if (workload != Workload.IDLE) {
            machine.awaitPagesWritten(pages);
        }
        machine.guest().stop();
    }

    @ParameterizedTest
    @EnumSource(DirtyTracking.class)
    void nothingIsLostWhileTheGuestRuns(DirtyTracking tracking) throws IOException {
        try (Machine machine = powerOn(Backing.ANONYMOUS, 2, Workload.UNIFORM, 50)) {
            Guest guest = machine.guest();
            Generations before = new Generations(machine);
            List<PageBitmap> union = new ArrayList<>();
            for (RamBlock block : guest.blocks()) {
                union.add(new PageBitmap(block.spec().pages()));
            }
            try (DirtyTracker tracker = guest.trackDirty(tracking)) {
                guest.resume();
                long goal = guest.pagesWritten() + 2000;
                while (guest.pagesWritten() < goal) {
                    takeAll(tracker, union);
                }
                guest.stop();
                takeAll(tracker, union);
            }
            for (int block = 0; block < union.size(); block++) {
                assertSame(union.get(block), before.changed(block), "block " + block);
            }
        }
    }

    private static void takeAll(DirtyTracker tracker, List<PageBitmap> union) throws IOException {
        for (int block = 0; block < union.size(); block++) {
            union.get(block).addAll(tracker.take(block));
        }
    }

    /** What a migration does: the tracker starts under a running guest, and a copy follows it. */
    @ParameterizedTest
    @EnumSource(DirtyTracking.class)
    void aCopyThatFollowsARunningGuestIsComplete(DirtyTracking tracking) throws IOException {
        for (Backing backing : List.of(Backing.MEMFD, Backing.ANONYMOUS)) {
            try (Machine machine = powerOn(backing, 2, Workload.HOTSET, 50)) {
                Guest guest = machine.guest();
                guest.resume();
                machine.awaitPagesWritten(100);
                try (DirtyTracker tracker = guest.trackDirty(tracking)) {
                    List<NativeBuffer> copies = new ArrayList<>();
                    for (RamBlock block : guest.blocks()) {
                        NativeBuffer copy = NativeBuffer.allocate(
                                Math.toIntExact(block.mapping().length()));
                        block.mapping().copyOut(0, copy, (int) block.mapping().length());
                        copies.add(copy);
                    }
                    long goal = guest.pagesWritten() + 2000;
                    while (guest.pagesWritten() < goal) {
                        copyTaken(machine, tracker, copies);
                    }
                    guest.stop();
                    copyTaken(machine, tracker, copies);
                    for (int block = 0; block < copies.size(); block++) {
                        NativeBuffer copy = copies.get(block);
                        assertThat(machine.memory(block).matches(0, copy, copy.length()))
                                .as("%s block %d", backing, block)
                                .isTrue();
                    }
                }
                machine.verifyMatches();
            }
        }
    }

    private static void copyTaken(Machine machine, DirtyTracker tracker, List<NativeBuffer> copies) throws IOException {
        NativeBuffer page = NativeBuffer.allocate(Machine.PAGE);
        byte[] bytes = new byte[Machine.PAGE];
        for (int block = 0; block < copies.size(); block++) {
            for (long taken : DirtyLogTest.pages(tracker.take(block))) {
                machine.memory(block).copyOut(taken * Machine.PAGE, page, Machine.PAGE);
                page.bytes().get(0, bytes);
                copies.get(block).bytes().put((int) (taken * Machine.PAGE), bytes);
            }
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"MEMFD", "ANONYMOUS"})
    void theFirstWriteToAHoleIsNoticedEvenAfterARead(Backing backing) throws IOException {
        try (Machine machine = powerOn(backing, 1, Workload.IDLE, 0)) {
            try (DirtyTracker tracker = machine.guest().trackDirty(DirtyTracking.WRITE_PROTECT)) {
                assertThat(machine.memory(GuestConfig.RAM).getLong(9 * Machine.PAGE))
                        .isZero();
                assertThat(tracker.take(GuestConfig.RAM).cardinality())
                        .as("a read of a hole")
                        .isZero();
                for (long page : new long[] {9, 20, 21, 600}) {
                    machine.memory(GuestConfig.RAM).setLong(page * Machine.PAGE, 1);
                }
                assertThat(DirtyLogTest.pages(tracker.take(GuestConfig.RAM))).containsExactly(9L, 20L, 21L, 600L);
                machine.memory(GuestConfig.RAM).setLong(20L * Machine.PAGE, 2);
                assertThat(DirtyLogTest.pages(tracker.take(GuestConfig.RAM))).containsExactly(20L);
            }
        }
    }

    @Test
    void theKernelTellsOfMorePiecesThanItAnswersAtOnce() throws IOException {
        int pages = 8192;
        try (Machine machine = Machine.powerOn(Machine.config(pages * 4096L, Backing.MEMFD, 1, Workload.IDLE, 100))) {
            try (DirtyTracker tracker = machine.guest().trackDirty(DirtyTracking.WRITE_PROTECT)) {
                PageBitmap written = new PageBitmap(pages);
                for (long page = 1; page < pages; page += 2) {
                    machine.memory(GuestConfig.RAM).setLong(page * Machine.PAGE, 1);
                    written.add(page, 1);
                }
                assertSame(tracker.take(GuestConfig.RAM), written, "every other page");
            }
        }
    }

    @ParameterizedTest
    @EnumSource(DirtyTracking.class)
    void canBeStartedAgainOnceItIsClosed(DirtyTracking tracking) throws IOException {
        try (Machine machine = powerOn(Backing.MEMFD, 1, Workload.UNIFORM, 100)) {
            for (int i = 0; i < 3; i++) {
                try (DirtyTracker tracker = machine.guest().trackDirty(tracking)) {
                    assertThat(tracker.take(GuestConfig.RAM).cardinality()).isZero();
                    run(machine, Workload.UNIFORM, 10);
                    assertThat(tracker.take(GuestConfig.RAM).get(0))
                            .as("the guest information page")
                            .isTrue();
                }
                run(machine, Workload.UNIFORM, 10);
            }
            machine.verifyMatches();
        }
    }

    @Test
    void oneOfAKindIsOpenAtATime() throws IOException {
        try (Machine machine = powerOn(Backing.MEMFD, 1, Workload.IDLE, 100);
                DirtyTracker kernel = machine.guest().trackDirty(DirtyTracking.WRITE_PROTECT);
                DirtyTracker log = machine.guest().trackDirty(DirtyTracking.LOG)) {
            assertThat(kernel).isNotEqualTo(log);
            assertThatThrownBy(() -> machine.guest().trackDirty(DirtyTracking.LOG))
                    .isInstanceOf(IllegalStateException.class);
            assertThatThrownBy(() -> machine.guest().trackDirty(DirtyTracking.WRITE_PROTECT))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("EBUSY");
        }
    }

    private static void assertSame(PageBitmap found, PageBitmap expected, String whose) {
        assertThat(DirtyLogTest.pages(found)).as(whose).isEqualTo(DirtyLogTest.pages(expected));
    }

    /** What the oracle says of every page at one moment of a standing guest. */
    private static final class Generations {
        private final Machine machine;
        private final List<int[]> then = new ArrayList<>();

        Generations(Machine machine) {
            this.machine = machine;
            for (RamBlock block : machine.guest().blocks()) {
                int[] generations = new int[(int) block.spec().oraclePages()];
                for (int page = 0; page < generations.length; page++) {
                    generations[page] = machine.oracle().generation(then.size(), page);
                }
                then.add(generations);
            }
        }

        /** The pages of a block that the guest has written since; in block {@code ram} its information page too. */
        PageBitmap changed(int block) {
            BlockSpec spec = machine.guest().blocks().get(block).spec();
            int perPage = spec.pageBytes() / Machine.PAGE;
            PageBitmap changed = new PageBitmap(spec.pages());
            int[] before = then.get(block);
            for (int page = 0; page < before.length; page++) {
                boolean infoPage = block == GuestConfig.RAM && page == 0;
                if (infoPage || machine.oracle().generation(block, page) != before[page]) {
                    changed.add(page / perPage, 1);
                }
            }
            return changed;
        }
    }
}
