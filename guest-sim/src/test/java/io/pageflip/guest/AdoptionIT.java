package io.pageflip.guest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pageflip.memory.PageBitmap;
import io.pageflip.os.Capability;
import io.pageflip.os.HostCapabilities;
import io.pageflip.os.NanoClock;
import io.pageflip.os.NativeBuffer;
import io.pageflip.os.Pagemap;
import io.pageflip.os.Proc;
import io.pageflip.os.Userfaultfd;
import io.pageflip.ram.Adoption;
import io.pageflip.ram.Backing;
import io.pageflip.ram.BlockSpec;
import io.pageflip.ram.DataMap;
import io.pageflip.ram.ExceptionalPages;
import io.pageflip.ram.RamBlock;
import io.pageflip.testkit.Waiting;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.opentest4j.TestAbortedException;

/** Private RAM becomes shared under a guest that runs, and the oracle knows every write. */
final class AdoptionIT {
    private static final long RAM_BYTES = 64 << 20;
    private static final int PAGE = 4096;

    /** Two switches of the processor: no write that nobody held up takes that long. */
    private static final long SHORTEST_WAKE_UP_NS = 1000;

    /** More than a vCPU can write: it writes with every instruction. */
    private static final long FULL_SPEED = 1_000_000_000;

    @BeforeAll
    static void needAdoption() {
        Capability adopt = HostCapabilities.probeAdopt();
        if (!adopt.available()) {
            System.err.println("skipped: no adoption here: " + adopt.detail());
            throw new TestAbortedException("no adoption here: " + adopt.detail());
        }
    }

    private static GuestConfig config(long ramBytes, int vcpus, Workload workload, long rate, int fill) {
        return new GuestConfig(ramBytes, Backing.MEMFD, vcpus, workload, rate, 10, fill, 20130726);
    }

    private static Machine powerOn(GuestConfig config) throws IOException {
        Machine machine = Machine.makePrivate(config);
        machine.guest().powerOn(pages -> {});
        return machine;
    }

    @ParameterizedTest
    @CsvSource({
        "67108864, 262144, 1, UNIFORM, 100",
        "67108864, 262144, 3, UNIFORM, 30",
        "67108864, 4096, 2, HOTSET, 70",
        "67108864, 67108864, 2, SEQUENTIAL, 100",
        "67108864, 94208, 4, SEQUENTIAL, 50",
        "67108864, 262144, 2, UNIFORM, 0",
        "67108864, 262144, 1, IDLE, 10",
        "7344128, 28672, 3, UNIFORM, 90",
    })
    void noWriteIsLostWhileTheGuestWritesAtFullSpeed(
            long ramBytes, long chunkBytes, int vcpus, Workload workload, int fill) throws IOException {
        GuestConfig config = config(ramBytes, vcpus, workload, FULL_SPEED, fill);
        try (Machine machine = powerOn(config)) {
            Guest guest = machine.guest();
            RamBlock ram = guest.blocks().get(GuestConfig.RAM);
            long holes = DataMap.scan(ram).holes();
            Adoption adoption = guest.adoption(chunkBytes);
            guest.resume();
            machine.awaitInstructions(10);

            AtomicLong last = new AtomicLong();
            adoption.run(pages -> assertThat(last.getAndSet(pages)).isLessThan(pages));

            machine.awaitInstructions(1000);
            guest.stop();
            guest.checkVcpus();
            Adoption.Figures figures = adoption.figures();
            assertThat(last).hasValue(ram.spec().pages());
            PageBitmap pinned = ram.exceptional().pinned();
            assertThat(ram.exceptional().adoptionPending()).isFalse();
            assertThat(pinned.cardinality()).isEqualTo(fill == 0 ? 0 : 16);
            assertThat(figures.pinnedPages()).isEqualTo(pinned.cardinality());
            assertThat(figures.copiedBytes()).isEqualTo((ram.spec().pages() - holes - pinned.cardinality()) * PAGE);
            long adopted = (ram.spec().pages() - pinned.cardinality()) * PAGE;
            assertThat(figures.chunks())
                    .isBetween((adopted + chunkBytes - 1) / chunkBytes, adopted / chunkBytes + 5); // 4 buffers cut it
            assertThat(DataMap.scan(ram).holes()).isEqualTo(holes);
            assertThat(ram.requireFile().allocatedBytes())
                    .isEqualTo(figures.copiedBytes() + pinned.cardinality() * PAGE);
            assertThat(guest.dma().finish())
                    .as("the device sees what the guest wrote")
                    .isTrue();
            machine.verifyMatches();
        }
    }

    /**
     * A guest's own workload never writes to a hole for the first time: this writer does, in each chunk when its turn
     * comes.
     */
    @Test
    void noFirstWriteToAHoleIsLost() throws Exception {
        BlockSpec spec = new BlockSpec("ram", RAM_BYTES, Backing.MEMFD);
        int chunkPages = 64;
        try (RamBlock ram = RamBlock.create(spec, ExceptionalPages.untilAdoption(spec))) {
            Adoption adoption = new Adoption(
                    ram, new PageBitmap(spec.pages()), List.of(), (long) chunkPages * PAGE, NanoClock.SYSTEM);
            AtomicLong adopted = new AtomicLong();
            Thread writer = new Thread(() -> {
                for (long page = 0; page < spec.pages(); page++) {
                    while (adopted.get() < page / chunkPages * chunkPages) {
                        Thread.onSpinWait();
                    }
                    ram.mapping().setLong(page * PAGE, page + 1);
                }
            });
            writer.setDaemon(true);
            writer.start();

            adoption.run(adopted::set);

            writer.join();
            for (long page = 0; page < spec.pages(); page++) {
                assertThat(ram.mapping().getLong(page * PAGE))
                        .as("page %d", page)
                        .isEqualTo(page + 1);
            }
        }
    }

    /** Whether the vCPU has a processor while a chunk is protected is the machine's to say: until it had. */
    @Test
    void aStallIsWhatTheVcpuWaited() throws IOException {
        AtomicReference<Adoption.Figures> last = new AtomicReference<>();
        Waiting.until("a vCPU that waits", () -> {
            try (Machine machine = powerOn(config(16 << 20, 1, Workload.UNIFORM, FULL_SPEED, 100))) {
                Guest guest = machine.guest();
                Adoption adoption = guest.adoption(16 << 20);
                guest.resume();
                machine.awaitInstructions(10);
                long startNs = NanoClock.SYSTEM.nanoTime();

                adoption.run(pages -> {});
                machine.awaitInstructions(10);

                Adoption.Figures figures = adoption.figures();
                assertThat(figures.waits()).isBetween(0L, figures.chunks());
                assertThat(figures.longestStallNs()).isLessThan(NanoClock.SYSTEM.nanoTime() - startNs);
                assertThat(figures.longestStallNs() > 0).isEqualTo(figures.waits() > 0);
                last.set(figures);
                return figures.waits() > 0;
            }
        });
        Adoption.Figures figures = last.get();
        assertThat(figures.waits()).isPositive();
        assertThat(figures.longestStallNs()).isGreaterThan(SHORTEST_WAKE_UP_NS);
    }

    /** The evidence for moves needs a frame number for every page: an adoption leaves none unmapped. */
    @Test
    void everyPageThatHoldsDataIsPresentAfterwards() throws IOException {
        try (Machine machine = powerOn(config(RAM_BYTES, 1, Workload.UNIFORM, 1000, 60))) {
            Guest guest = machine.guest();
            RamBlock ram = guest.blocks().get(GuestConfig.RAM);
            Adoption adoption = guest.adoption(256 << 10);
            guest.resume();
            adoption.run(pages -> {});
            guest.stop();

            PageBitmap data = DataMap.scan(ram).pages();
            long[] entry = new long[1];
            try (Pagemap pagemap = Pagemap.open()) {
                for (long page = 0; page < data.pages(); page++) {
                    pagemap.read(ram.mapping(), page, 1, PAGE, entry);
                    assertThat(Pagemap.present(entry[0])).as("page %d", page).isEqualTo(data.get(page));
                }
            }
        }
    }

    @Test
    void memoryGrowsByAChunkAndNotByAGuest() throws IOException {
        try (Machine machine = powerOn(config(RAM_BYTES, 1, Workload.IDLE, 0, 100))) {
            Adoption adoption = machine.guest().adoption(1 << 20);
            machine.guest().resume();
            long before = Proc.proportionalSetBytes();
            AtomicLong most = new AtomicLong();

            adoption.run(pages -> most.accumulateAndGet(Proc.proportionalSetBytes(), Math::max));

            assertThat(most.get() - before).isLessThan(RAM_BYTES / 4);
        }
    }

    @Test
    void theGuestGoesOnInMixedMemoryWhereTheAdoptionEndsHalfWay() throws IOException {
        try (Machine machine = powerOn(config(RAM_BYTES, 2, Workload.UNIFORM, FULL_SPEED, 70))) {
            Guest guest = machine.guest();
            Adoption adoption = guest.adoption(256 << 10);
            guest.resume();

            assertThatThrownBy(() -> adoption.run(pages -> {
                        if (pages > 8000) {
                            throw new IOException("enough");
                        }
                    }))
                    .hasMessage("enough");

            machine.awaitPagesWritten(20_000);
            guest.stop();
            assertThat(adoption.figures().copiedBytes()).isBetween(1L, RAM_BYTES / 2 + (1 << 20));
            assertThat(guest.blocks()
                            .get(GuestConfig.RAM)
                            .exceptional()
                            .pinned()
                            .isEmpty())
                    .isTrue();
            machine.verifyMatches();
        }
    }

    @Test
    void memoryThatAnotherUserfaultfdHasStaysPrivate() throws IOException {
        try (Machine machine = powerOn(config(RAM_BYTES, 1, Workload.UNIFORM, FULL_SPEED, 100));
                Userfaultfd other = Userfaultfd.open(0)) {
            Guest guest = machine.guest();
            other.registerWriteProtect(machine.memory(GuestConfig.RAM));
            Adoption adoption = guest.adoption(256 << 10);
            guest.resume();

            assertThatThrownBy(() -> adoption.run(pages -> {}))
                    .isInstanceOf(IOException.class)
                    .hasMessageMatching(
                            "RAM block ram stays private: UFFDIO_REGISTER ram 0x[0-9a-f]+\\+67108864: EBUSY");

            machine.awaitPagesWritten(1000);
            guest.stop();
            machine.verifyMatches();
        }
    }

    /** The kernel refuses to let the memfd grow beyond the half: a limit, as no memory is another. */
    @Test
    void theGuestGoesOnInMixedMemoryWhereTheFileMayNotGrow() throws Exception {
        try (Machine machine = powerOn(config(RAM_BYTES, 2, Workload.UNIFORM, FULL_SPEED, 100))) {
            Guest guest = machine.guest();
            Adoption adoption = guest.adoption(256 << 10);
            guest.resume();

            limitFiles(Long.toString(RAM_BYTES / 2));
            try {
                assertThatThrownBy(() -> adoption.run(pages -> {}))
                        .isInstanceOf(IOException.class)
                        .hasMessageMatching(
                                "RAM block ram is shared up to page 8[0-9]{3} of 16384, and private from there on: "
                                        + "pwrite ram [0-9]+\\+[0-9]+: EFBIG");
            } finally {
                limitFiles("unlimited");
            }

            machine.awaitPagesWritten(20_000);
            guest.stop();
            guest.checkVcpus();
            machine.verifyMatches();
            assertThat(guest.dma().finish()).isTrue();
        }
    }

    /** The soft limit of this process, in bytes; what else it writes to is shorter. */
    private static void limitFiles(String soft) throws IOException, InterruptedException {
        try {
            int code = new ProcessBuilder("prlimit", "--pid", Integer.toString(Proc.pid()), "--fsize=" + soft + ":")
                    .inheritIO()
                    .start()
                    .waitFor();
            assertThat(code).isZero();
        } catch (IOException e) {
            System.err.println("skipped: there is no prlimit(1): " + e.getMessage());
            throw new TestAbortedException("there is no prlimit(1)", e);
        }
    }

    /** What would become of the pinned pages if nobody declared them, and why they are copied at the switchover. */
    @Test
    void aDeviceKeepsTheOldFrameOfAPageThatIsReplacedAllTheSame() throws IOException {
        try (Machine machine = powerOn(config(RAM_BYTES, 1, Workload.UNIFORM, FULL_SPEED, 100))) {
            Guest guest = machine.guest();
            RamBlock ram = guest.blocks().get(GuestConfig.RAM);
            Adoption careless = new Adoption(
                    ram, new PageBitmap(ram.spec().pages()), guest.logFaults(), 256 << 10, NanoClock.SYSTEM);
            guest.resume();
            careless.run(pages -> {});
            guest.stop();
            long page = guest.dma().pinned().nextSet(0);
            NativeBuffer word = NativeBuffer.allocate(8);
            word.bytes().putLong(0, 0x6f6c64L);
            ram.mapping().copyIn(page * PAGE, word, 8);

            assertThat(guest.dma().finish()).isFalse();
        }
    }
}
