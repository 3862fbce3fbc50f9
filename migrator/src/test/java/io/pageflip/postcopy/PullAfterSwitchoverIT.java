package io.pageflip.postcopy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pageflip.ledger.PageLedger;
import io.pageflip.memory.PageRange;
import io.pageflip.metrics.PageCounts;
import io.pageflip.os.MemFd;
import io.pageflip.os.NanoClock;
import io.pageflip.os.Proc;
import io.pageflip.os.Userfaultfd;
import io.pageflip.ram.Backing;
import io.pageflip.ram.BlockSpec;
import io.pageflip.ram.DataMap;
import io.pageflip.ram.RamBlock;
import io.pageflip.receive.PostcopyPullReceiver;
import io.pageflip.receive.TestMemory;
import io.pageflip.request.PostcopySettings;
import io.pageflip.testkit.Waiting;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Pages that are pulled after the switchover, with real faults by real threads; the source is this process as well. */
final class PullAfterSwitchoverIT {
    private static final int PAGE = 4096;
    private static final int PAGES = 4096;

    private final List<AutoCloseable> opened = new ArrayList<>();
    private final List<RamBlock> source = new ArrayList<>();
    private final List<RamBlock> destination = new ArrayList<>();
    private final AtomicBoolean connected = new AtomicBoolean(true);
    private final SourceGate gate = new SourceGate(connected::get);

    private <T extends AutoCloseable> T open(T resource) {
        opened.add(0, resource);
        return resource;
    }

    @AfterEach
    void close() throws Exception {
        for (AutoCloseable resource : opened) {
            resource.close();
        }
    }

    private static BlockSpec spec(Backing backing) {
        return TestMemory.spec("ram", (long) PAGES * PAGE, backing);
    }

    private PageLedger allLate(BlockSpec... specs) throws IOException {
        PageLedger ledger = new PageLedger(List.of(specs), true);
        for (int i = 0; i < specs.length; i++) {
            source.add(open(TestMemory.create(specs[i])));
            destination.add(open(RamBlock.create(specs[i])));
            ledger.postcopy(i, new PageRange(0, specs[i].pages()));
        }
        return ledger;
    }

    private Postcopy prepare(PageLedger ledger, int pid, int prefetchPages, int batchPages) throws IOException {
        List<Long> addresses = new ArrayList<>();
        List<@Nullable MemFd> files = new ArrayList<>();
        for (RamBlock block : source) {
            addresses.add(block.mapping().address());
            files.add(block.file());
        }
        PostcopySettings options = new PostcopySettings(prefetchPages, batchPages);
        SourcePages pages = open(new SourcePages(pid, addresses, files, gate));
        Userfaultfd userfaultfd = open(PullMapper.openUserfaultfd());
        List<PostcopyPages> blocks = new ArrayList<>();
        for (int i = 0; i < destination.size(); i++) {
            blocks.add(PullMapper.register(destination.get(i), i, ledger.postcopyPages(i), userfaultfd, pages));
        }
        return open(Postcopy.serve(blocks, userfaultfd, List.of(), options, NanoClock.SYSTEM));
    }

    private static void awaitLastPage(Postcopy postcopy) throws InterruptedException {
        assertThat(postcopy.awaitLastPage(Waiting.LIMIT_MS)).isTrue();
    }

    private static long dataPages(BlockSpec spec) {
        return spec.pages() - TestMemory.countHoles(spec.pages());
    }

    @ParameterizedTest
    @EnumSource(names = {"MEMFD", "ANONYMOUS"})
    void aTouchedPageIsServed(Backing backing) throws IOException {
        BlockSpec spec = spec(backing);
        Postcopy postcopy = prepare(allLate(spec), Proc.pid(), 1, 64);
        RamBlock block = destination.get(0);

        assertThat(Touch.start(() -> block.mapping().getLong(100L * PAGE)).await())
                .isEqualTo(TestMemory.word(spec, 100L * PAGE));
        assertThat(Touch.start(() -> block.mapping().getLong(3L * PAGE)).await())
                .as("a hole")
                .isZero();

        Waiting.until(
                "both in the account, which they are a moment after the wake-up", () -> postcopy.mappedPages() == 2);
    }

    @ParameterizedTest
    @CsvSource({"1, 1", "1, 64", "16, 7", "64, 512"})
    void everyPageIsCopiedOnceWhileThreadsStorm(int prefetchPages, int batchPages) throws Exception {
        BlockSpec ram = spec(Backing.MEMFD);
        BlockSpec odd = TestMemory.spec("odd", 300L * PAGE + 100 * 8, Backing.MEMFD);
        BlockSpec rom = TestMemory.spec("rom", 200L * PAGE + 8, Backing.ANONYMOUS);
        PageLedger ledger = allLate(ram, odd, rom);
        Postcopy postcopy = prepare(ledger, Proc.pid(), prefetchPages, batchPages);
        List<Touch<Long>> storm = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            long seed = i;
            storm.add(Touch.start(() -> wrongWords(seed)));
        }
        postcopy.start(() -> {});
        for (Touch<Long> thread : storm) {
            assertThat(thread.await()).isZero();
        }
        awaitLastPage(postcopy);

        PostcopyFigures figures = postcopy.finish();
        assertThat(figures.complete()).isTrue();
        assertThat(figures.presentPages()).isZero();
        assertThat(figures.touchedPages() + figures.prefetchedPages() + figures.backgroundPages())
                .as("all that hold data, and holes that were touched")
                .isBetween(dataPages(ram) + dataPages(odd) + dataPages(rom), ram.pages() + odd.pages() + rom.pages());
        postcopy.enterIn(ledger, destination);
        for (int i = 0; i < destination.size(); i++) {
            long pages = destination.get(i).spec().pages();
            long copied = TestMemory.countData(pages);
            assertThat(TestMemory.firstDifference(destination.get(i))).isEqualTo(-1);
            assertThat(ledger.counts(i))
                    .isEqualTo(new PageCounts(pages, 0, copied, pages - copied, Map.of("mechanism-copies", copied)));
        }
    }

    /** Reads all pages in a random order; how many were not what they must be. */
    private long wrongWords(long seed) {
        Random random = new Random(seed);
        long wrong = 0;
        for (RamBlock block : destination) {
            for (long i = 0; i < block.spec().pages(); i++) {
                long at = random.nextInt((int) block.spec().pages()) * (long) PAGE;
                wrong += block.mapping().getLong(at) == TestMemory.word(block.spec(), at) ? 0 : 1;
            }
        }
        return wrong;
    }

    @Test
    void holesCostTheSourceNothing() throws Exception {
        BlockSpec spec = spec(Backing.MEMFD);
        Postcopy postcopy = prepare(allLate(spec), Proc.pid(), 1, 64);
        long before = source.get(0).requireFile().allocatedBytes();
        postcopy.start(() -> {});
        awaitLastPage(postcopy);
        postcopy.finish();

        assertThat(source.get(0).requireFile().allocatedBytes()).isEqualTo(before);
        assertThat(DataMap.scan(destination.get(0)).pages().cardinality()).isEqualTo(dataPages(spec));
    }

    @Test
    void onlyWhatIsLateIsFetchedAndTheRestIsZero() throws Exception {
        BlockSpec spec = spec(Backing.ANONYMOUS);
        source.add(open(TestMemory.create(spec)));
        destination.add(open(RamBlock.create(spec)));
        RamBlock block = destination.get(0);
        PageLedger ledger = new PageLedger(List.of(spec), true);
        block.mapping().setLong(0, 17); // of a round, and current
        block.mapping().setLong(100L * PAGE, 18); // of a round, and out of date
        new PostcopyPullReceiver(destination, ledger).receive(0, new PageRange(100, 4), null);
        Postcopy postcopy = prepare(ledger, Proc.pid(), 16, 64);

        assertThat(Touch.start(() -> block.mapping().getLong(100L * PAGE)).await())
                .isEqualTo(TestMemory.word(spec, 100L * PAGE));
        assertThat(Touch.start(() -> block.mapping().getLong(200L * PAGE)).await())
                .as("was never sent")
                .isZero();
        postcopy.start(() -> {});
        awaitLastPage(postcopy);
        postcopy.finish();

        assertThat(block.mapping().getLong(0)).isEqualTo(17);
        assertThat(block.mapping().getLong(101L * PAGE)).isEqualTo(TestMemory.word(spec, 101L * PAGE));
        assertThat(block.mapping().getLong(300L * PAGE)).isZero();
    }

    @Test
    void nothingIsFetchedWhileTheConnectionIsBroken() throws Exception {
        BlockSpec spec = spec(Backing.MEMFD);
        Postcopy postcopy = prepare(allLate(spec), Proc.pid(), 1, 1);
        RamBlock block = destination.get(0);
        AtomicBoolean broke = new AtomicBoolean();
        postcopy.start(() -> {
            if (postcopy.mappedPages() >= 100 && broke.compareAndSet(false, true)) {
                connected.set(false);
            }
        });
        Waiting.until("the break", broke::get);
        gate.pause();
        Touch<Long> waiter = Touch.start(() -> block.mapping().getLong((PAGES - 100L) * PAGE));
        Touch<Long> runner = Touch.start(() -> block.mapping().getLong(0));

        assertThat(runner.await()).as("a page that is there").isEqualTo(TestMemory.word(spec, 0));
        assertThat(postcopy.isDone()).isFalse();
        assertThat(postcopy.mappedPages()).isLessThan(dataPages(spec));

        connected.set(true);
        gate.open();
        assertThat(waiter.await()).isEqualTo(TestMemory.word(spec, (PAGES - 100L) * PAGE));
        awaitLastPage(postcopy);
        assertThat(postcopy.finish().complete()).isTrue();
        assertThat(TestMemory.firstDifference(block)).isEqualTo(-1);
    }

    @Test
    void withoutItsSourceWhoIsTrappedStaysSoUntilAllIsGivenUp() throws Exception {
        Process other = new ProcessBuilder("cat").start();
        Postcopy postcopy = prepare(allLate(spec(Backing.MEMFD)), (int) other.pid(), 1, 64);
        other.destroy();
        other.waitFor();
        RamBlock block = destination.get(0);
        AtomicBoolean went = new AtomicBoolean();
        Touch<Boolean> trapped = Touch.start(() -> {
            block.mapping().getLong(100L * PAGE);
            went.set(true);
            return true;
        });
        Waiting.until("the failure", postcopy::hasFailed);

        assertThat(postcopy.failure()).hasMessageContaining("ESRCH");
        assertThat(went).as("goes on with zeros where its page was").isFalse();
        postcopy.close();
        trapped.await();
        assertThatThrownBy(postcopy::finish).isInstanceOf(IOException.class).hasMessageContaining("ESRCH");
    }

    @Test
    void aStopInTheMiddleLeavesNobodyTrapped() throws Exception {
        Postcopy postcopy = prepare(allLate(spec(Backing.ANONYMOUS)), Proc.pid(), 1, 1);
        connected.set(false);
        RamBlock block = destination.get(0);
        Touch<Long> trapped = Touch.start(() -> block.mapping().getLong(100L * PAGE));
        postcopy.start(() -> {});

        postcopy.close();

        trapped.await();
    }
}
