package io.pageflip.postcopy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pageflip.guest.ConsoleLog;
import io.pageflip.guest.Guest;
import io.pageflip.guest.GuestConfig;
import io.pageflip.guest.Workload;
import io.pageflip.memory.PageBitmap;
import io.pageflip.memory.PageRange;
import io.pageflip.os.NanoClock;
import io.pageflip.os.UserModeOnly;
import io.pageflip.os.Userfaultfd;
import io.pageflip.ram.Backing;
import io.pageflip.ram.BlockSpec;
import io.pageflip.ram.DataMap;
import io.pageflip.ram.FaultLog;
import io.pageflip.ram.RamBlock;
import io.pageflip.receive.TestMemory;
import io.pageflip.request.PostcopySettings;
import io.pageflip.testkit.HugePages;
import io.pageflip.testkit.Waiting;
import io.pageflip.verification.Oracle;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.LongStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Pages that are mapped after the switchover, with real faults by real threads. */
final class PostcopyIT {
    private static final int PAGE = 4096;
    private static final int PAGES = 4096;
    private static final long FEATURES = Userfaultfd.FEATURE_MINOR_SHMEM | Userfaultfd.FEATURE_THREAD_ID;
    private static final BlockSpec SPEC = TestMemory.spec("ram", (long) PAGES * PAGE, Backing.MEMFD);

    private final List<AutoCloseable> opened = new ArrayList<>();

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

    /** A block that the source has filled, as the destination sees it: registered, without a page. */
    private RamBlock unmapped(BlockSpec spec, Userfaultfd userfaultfd) throws IOException {
        RamBlock block = open(TestMemory.attach(open(TestMemory.create(spec))));
        userfaultfd.registerMinor(block.mapping());
        return block;
    }

    private Postcopy prepare(Userfaultfd userfaultfd, int prefetchPages, int batchPages, RamBlock... blocks)
            throws IOException {
        List<PostcopyPages> pages = new ArrayList<>();
        for (RamBlock block : blocks) {
            pages.add(FlipMapper.pages(block, DataMap.scan(block).pages(), userfaultfd));
        }
        PostcopySettings options = new PostcopySettings(prefetchPages, batchPages);
        return open(Postcopy.serve(pages, userfaultfd, List.of(), options, NanoClock.SYSTEM));
    }

    private static long dataPages(long pages) {
        return pages - TestMemory.countHoles(pages);
    }

    @Test
    void aTouchedPageIsServed() throws IOException {
        Userfaultfd userfaultfd = open(Userfaultfd.open(FEATURES));
        RamBlock block = unmapped(SPEC, userfaultfd);
        Postcopy postcopy = prepare(userfaultfd, 1, 64, block);
        Touch<Long> touch = Touch.start(() -> block.mapping().getLong(100L * PAGE));
        assertThat(touch.await()).isEqualTo(TestMemory.word(SPEC, 100L * PAGE));
        assertThat(Touch.start(() -> block.mapping().getLong(3L * PAGE)).await())
                .as("a hole, which the kernel fills in")
                .isZero();
        PostcopyFigures figures = postcopy.finish();
        assertThat(figures).isEqualTo(new PostcopyFigures(false, 1, 1, 0, 0, 0, figures.lastPageNs()));
    }

    @Test
    void theWindowAroundATouchedPageIsMappedWithIt() throws IOException {
        Userfaultfd userfaultfd = open(Userfaultfd.open(FEATURES));
        RamBlock block = unmapped(SPEC, userfaultfd);
        Postcopy postcopy = prepare(userfaultfd, 16, 64, block);
        Touch.start(() -> {
                    for (long page = 96; page < 112; page++) {
                        block.mapping().getLong(page * PAGE);
                    }
                    return true;
                })
                .await();
        PostcopyFigures figures = postcopy.finish();
        assertThat(figures.touchedPages() + figures.prefetchedPages())
                .as("pages of data in the window")
                .isEqualTo(LongStream.range(96, 112)
                        .filter(page -> !TestMemory.isHole(page))
                        .count());
        assertThat(figures.touchedPages()).isPositive();
        assertThat(figures.faults()).isGreaterThanOrEqualTo(figures.touchedPages());
    }

    @ParameterizedTest
    @CsvSource({"1, 1, false", "1, 64, true", "16, 7, true", "64, 512, false"})
    void everyPageIsMappedOnceWhileThreadsStorm(int prefetchPages, int batchPages, boolean userModeOnly)
            throws Exception {
        Userfaultfd userfaultfd = open(userModeOnly ? UserModeOnly.open(FEATURES) : Userfaultfd.open(FEATURES));
        BlockSpec vramSpec = TestMemory.spec("vram", 300L * PAGE + 100 * 8, Backing.MEMFD);
        RamBlock ram = unmapped(SPEC, userfaultfd);
        RamBlock vram = unmapped(vramSpec, userfaultfd);
        Postcopy postcopy = prepare(userfaultfd, prefetchPages, batchPages, ram, vram);
        List<Touch<Long>> storm = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            long seed = i;
            storm.add(Touch.start(() -> wrongWords(seed, List.of(ram, vram))));
        }
        postcopy.start(() -> {});
        for (Touch<Long> thread : storm) {
            assertThat(thread.await()).isZero();
        }
        assertThat(postcopy.awaitLastPage(Waiting.LIMIT_MS)).isTrue();
        PostcopyFigures figures = postcopy.finish();
        assertThat(figures.complete()).isTrue();
        assertThat(figures.presentPages()).isZero();
        assertThat(figures.touchedPages() + figures.prefetchedPages() + figures.backgroundPages())
                .isEqualTo(dataPages(PAGES) + dataPages(vramSpec.pages()));
        assertThat(figures.lastPageNs()).isPositive();
        assertThat(TestMemory.firstDifference(ram)).isEqualTo(-1);
        assertThat(TestMemory.firstDifference(vram)).isEqualTo(-1);
    }

    /** Reads all pages in a random order; how many were not what they must be. */
    private static long wrongWords(long seed, List<RamBlock> blocks) {
        Random random = new Random(seed);
        long wrong = 0;
        for (RamBlock block : blocks) {
            for (long i = 0; i < block.spec().pages(); i++) {
                long at = random.nextInt((int) block.spec().pages()) * (long) PAGE;
                wrong += block.mapping().getLong(at) == TestMemory.word(block.spec(), at) ? 0 : 1;
            }
        }
        return wrong;
    }

    @Test
    void pagesThatAreThereAlreadyAreCountedSo() throws Exception {
        Userfaultfd userfaultfd = open(Userfaultfd.open(FEATURES));
        RamBlock block = unmapped(SPEC, userfaultfd);
        assertThat(userfaultfd.continueRange(block.mapping(), 15L * PAGE, 3L * PAGE))
                .isEqualTo(3L * PAGE);
        Postcopy postcopy = prepare(userfaultfd, 1, 64, block);
        postcopy.start(() -> {});
        assertThat(postcopy.awaitLastPage(Waiting.LIMIT_MS)).isTrue();
        PostcopyFigures figures = postcopy.finish();
        assertThat(figures)
                .isEqualTo(new PostcopyFigures(true, 0, 0, 0, dataPages(PAGES) - 3, 3, figures.lastPageNs()));
    }

    @Test
    void aStopInTheMiddleLeavesNobodyTrapped() throws Exception {
        for (int round = 0; round < 20; round++) {
            try (Userfaultfd userfaultfd = Userfaultfd.open(FEATURES);
                    RamBlock source = TestMemory.create(SPEC);
                    RamBlock block = TestMemory.attach(source)) {
                userfaultfd.registerMinor(block.mapping());
                Postcopy postcopy = prepare(userfaultfd, 1, 1, block);
                List<Touch<Long>> storm = new ArrayList<>();
                for (int i = 0; i < 4; i++) {
                    long seed = round * 4L + i;
                    storm.add(Touch.start(() -> wrongWords(seed, List.of(block))));
                }
                postcopy.start(() -> {});
                postcopy.awaitLastPage(1);
                PostcopyFigures figures = postcopy.finish();
                assertThat(figures.touchedPages() + figures.backgroundPages()).isLessThanOrEqualTo(dataPages(PAGES));
                for (Touch<Long> thread : storm) {
                    assertThat(thread.await()).isZero();
                }
            }
        }
    }

    @Test
    void aDeadServerLeavesNobodyTrapped() throws Exception {
        Userfaultfd userfaultfd = open(Userfaultfd.open(FEATURES));
        RamBlock known = unmapped(SPEC, userfaultfd);
        RamBlock unknown = unmapped(SPEC, userfaultfd);
        Postcopy postcopy = prepare(userfaultfd, 1, 64, known);
        Touch<Long> lost = Touch.start(() -> unknown.mapping().getLong(100L * PAGE));
        Waiting.until("the end of the server", postcopy::hasFailed);
        assertThat(Touch.start(() -> known.mapping().getLong(100L * PAGE)).await())
                .isEqualTo(TestMemory.word(SPEC, 100L * PAGE));
        assertThatThrownBy(postcopy::finish).isInstanceOf(IOException.class).hasMessageContaining("in no RAM block");
        userfaultfd.unregister(unknown.mapping());
        assertThat(lost.await()).isEqualTo(TestMemory.word(SPEC, 100L * PAGE));
    }

    @Test
    void collectionsWhileThreadsAreTrappedDoNotHang() throws Exception {
        Userfaultfd userfaultfd = open(Userfaultfd.open(FEATURES));
        RamBlock block = unmapped(SPEC, userfaultfd);
        Postcopy postcopy = prepare(userfaultfd, 1, 1, block);
        AtomicBoolean done = new AtomicBoolean();
        Touch<Integer> collector = Touch.start(() -> {
            int collections = 0;
            for (; collections < 5 || !done.get(); collections++) {
                System.gc();
            }
            return collections;
        });
        List<Touch<Long>> storm = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            long seed = i;
            storm.add(Touch.start(() -> wrongWords(seed, List.of(block))));
        }
        postcopy.start(() -> {});
        for (Touch<Long> thread : storm) {
            assertThat(thread.await()).isZero();
        }
        assertThat(postcopy.awaitLastPage(Waiting.LIMIT_MS)).isTrue();
        done.set(true);
        assertThat(collector.await()).isGreaterThanOrEqualTo(5);
        assertThat(postcopy.finish().complete()).isTrue();
    }

    @ParameterizedTest
    @CsvSource({"1, false", "16, true"})
    void aGuestRunsWhileItsPagesCome(int prefetchPages, boolean userModeOnly) throws Exception {
        GuestConfig config = new GuestConfig(16 << 20, Backing.MEMFD, 2, Workload.UNIFORM, 50_000, 10, 70, 42);
        ConsoleLog console = open(ConsoleLog.create());
        Oracle oracle = open(Oracle.create(config.blocks()));
        List<RamBlock> blocks = new ArrayList<>();
        for (BlockSpec spec : config.blocks()) {
            blocks.add(RamBlock.create(spec));
        }
        Guest guest = open(new Guest(config, blocks, oracle, console, NanoClock.SYSTEM));
        guest.powerOn(pages -> {});
        Userfaultfd userfaultfd = open(userModeOnly ? UserModeOnly.open(FEATURES) : Userfaultfd.open(FEATURES));
        List<RamBlock> shared =
                blocks.stream().filter(block -> block.file() != null).toList();
        for (RamBlock block : shared) {
            userfaultfd.registerMinor(block.mapping());
            block.mapping().dropEntries(0, block.mapping().length());
        }
        List<PostcopyPages> pages = new ArrayList<>();
        long dataPages = 0;
        for (RamBlock block : shared) {
            PageBitmap data = DataMap.scan(block).pages();
            pages.add(FlipMapper.pages(block, data, userfaultfd));
            dataPages += data.cardinality();
        }
        List<FaultLog> logs = guest.logFaults();
        Postcopy postcopy = open(
                Postcopy.serve(pages, userfaultfd, logs, new PostcopySettings(prefetchPages, 64), NanoClock.SYSTEM));
        long before = NanoClock.SYSTEM.nanoTime();
        guest.resume();
        guest.awaitFirstInstructions(Waiting.LIMIT_NS);
        assertThat(LongStream.of(guest.firstBeatsNs()))
                .allMatch(ns -> ns >= before && ns <= NanoClock.SYSTEM.nanoTime());
        Waiting.until(
                "a hundred waits, one of each vCPU at least",
                () -> logs.stream().mapToLong(FaultLog::waits).sum() >= 100
                        && logs.stream().allMatch(log -> log.waits() > 0));
        postcopy.start(() -> {});
        assertThat(postcopy.awaitLastPage(Waiting.LIMIT_MS)).isTrue();
        PostcopyFigures figures = postcopy.finish();
        guest.stop();
        guest.checkVcpus();
        assertThat(figures.touchedPages() + figures.prefetchedPages() + figures.backgroundPages())
                .isEqualTo(dataPages);
        for (FaultLog log : logs) {
            assertThat(log.waits()).isPositive().isEqualTo(log.waitsNs().length);
            assertThat(LongStream.of(log.waitsNs())).allMatch(ns -> ns > 0 && ns <= log.longestNs());
        }
        assertThat(logs.stream().mapToLong(FaultLog::waits).sum()).isLessThanOrEqualTo(figures.faults());
        assertThat(guest.verify().matches()).isTrue();
    }

    @Test
    void hugePagesAreServedWhole() throws Exception {
        open(HugePages.reserve(4));
        Userfaultfd userfaultfd =
                open(Userfaultfd.open(Userfaultfd.FEATURE_MINOR_HUGETLBFS | Userfaultfd.FEATURE_THREAD_ID));
        BlockSpec spec = TestMemory.spec("huge", 4L << 21, Backing.HUGETLB);
        RamBlock source = open(RamBlock.create(spec));
        for (long page = 0; page < 3; page++) {
            source.populate(new PageRange(page, 1));
            source.mapping().setLong(page << 21, 70 + page);
        }
        RamBlock block = open(TestMemory.attach(source));
        userfaultfd.registerMinor(block.mapping());
        PageBitmap data = new PageBitmap(4);
        data.add(0, 3);
        List<PostcopyPages> pages = List.of(FlipMapper.pages(block, data, userfaultfd));
        Postcopy postcopy =
                open(Postcopy.serve(pages, userfaultfd, List.of(), new PostcopySettings(1, 2), NanoClock.SYSTEM));
        assertThat(Touch.start(() -> block.mapping().getLong((1L << 21) + 5 * PAGE))
                        .await())
                .isZero();
        postcopy.start(() -> {});
        assertThat(postcopy.awaitLastPage(Waiting.LIMIT_MS)).isTrue();
        PostcopyFigures figures = postcopy.finish();
        assertThat(figures).isEqualTo(new PostcopyFigures(true, 1, 1, 0, 2, 0, figures.lastPageNs()));
        assertThat(block.mapping().getLong(2L << 21)).isEqualTo(72);
    }
}
