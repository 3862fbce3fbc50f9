package io.pageflip.guest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.pageflip.memory.PageBitmap;
import io.pageflip.memory.PageRange;
import io.pageflip.os.FrameCounts;
import io.pageflip.os.MemFd;
import io.pageflip.os.NanoClock;
import io.pageflip.os.NativeBuffer;
import io.pageflip.os.Pagemap;
import io.pageflip.ram.Backing;
import io.pageflip.ram.BlockSpec;
import io.pageflip.ram.ExceptionalPages;
import io.pageflip.ram.RamBlock;
import io.pageflip.scenario.Sharer;
import io.pageflip.testkit.Waiting;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** A third process maps a part of a block: the kernel's own counts say so. */
final class SharerIT {
    private static final int PAGE = 4096;
    private static final BlockSpec SPEC = new BlockSpec("ram", 64 * PAGE, Backing.MEMFD);

    /** Pages 8 to 15 and 40 to 47 are shared; of 12 to 43 there is nothing. */
    private static PageBitmap pages() {
        PageBitmap pages = new PageBitmap(SPEC.pages());
        pages.add(8, 8);
        pages.add(40, 8);
        return pages;
    }

    private static RamBlock block() throws IOException {
        RamBlock block = RamBlock.create(SPEC);
        block.populate(new PageRange(0, 12));
        block.populate(new PageRange(44, 20));
        return block;
    }

    @Test
    void itMapsWhatItIsToldAndFillsNoHole() throws IOException {
        try (RamBlock block = block();
                Sharer sharer = Sharer.start(block.requireFile(), pages(), PAGE, NanoClock.SYSTEM, () -> {});
                FrameCounts counts = FrameCounts.open()) {
            assertThat(sharer.process().isAlive()).isTrue();
            assertThat(block.requireFile().allocatedBytes()).isEqualTo(32 * PAGE);
            assumeTrue(counts != null, "the kernel's counts are hidden");
            for (int page = 0; page < SPEC.pages(); page++) {
                long frame = frame(block, page);
                boolean there = page < 12 || page >= 44;
                assertThat(frame != 0).as("page %d is there", page).isEqualTo(there);
                if (there) {
                    assertThat(counts.of(frame)).as("page %d", page).isEqualTo(pages().get(page) ? 2 : 1);
                }
            }
        }
    }

    @Test
    void itEndsWithItsOwner() throws Exception {
        try (RamBlock block = block()) {
            Sharer sharer = Sharer.start(block.requireFile(), pages(), PAGE, NanoClock.SYSTEM, () -> {});
            ProcessHandle process = sharer.process();

            sharer.close();

            process.onExit().get(Waiting.LIMIT_MS, TimeUnit.MILLISECONDS);
        }
    }

    @Test
    void itEndsWithTheThreadThatStartedItEvenIfItIsStopped() throws Exception {
        try (RamBlock block = block()) {
            ProcessHandle[] process = new ProcessHandle[1];
            Thread owner = new Thread(() -> {
                try {
                    process[0] = Sharer.start(block.requireFile(), pages(), PAGE, NanoClock.SYSTEM, () -> {})
                            .process();
                    new ProcessBuilder("kill", "-STOP", Long.toString(process[0].pid()))
                            .start()
                            .waitFor();
                } catch (IOException | InterruptedException e) {
                    throw new IllegalStateException(e);
                }
            });
            owner.start();
            owner.join();

            process[0].onExit().get(Waiting.LIMIT_MS, TimeUnit.MILLISECONDS);
        }
    }

    @Test
    void oneThatEndsBeforeItHasMappedAnythingIsAnError() throws IOException {
        try (MemFd file = MemFd.create("ram", PAGE, false)) {
            // An offset that is no whole page cannot be mapped.
            PageBitmap odd = new PageBitmap(Long.SIZE);
            odd.add(1, 1);
            assertThatThrownBy(() -> Sharer.start(file, odd, 100, NanoClock.SYSTEM, () -> {}))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("ended before it had mapped");
        }
    }

    @Test
    void whoDoesNotWantItAnyMoreNeedNotWaitForIt() throws Exception {
        List<ProcessHandle> before = ProcessHandle.current().children().toList();
        List<ProcessHandle> started = new ArrayList<>();
        IOException enough = new IOException("enough");
        try (RamBlock block = block()) {
            assertThatThrownBy(() -> Sharer.start(block.requireFile(), pages(), PAGE, NanoClock.SYSTEM, () -> {
                        ProcessHandle.current()
                                .children()
                                .filter(child -> !before.contains(child))
                                .forEach(started::add);
                        throw enough;
                    }))
                    .isSameAs(enough);
        }
        assertThat(started).hasSize(1);
        started.get(0).onExit().get(Waiting.LIMIT_MS, TimeUnit.MILLISECONDS);
    }

    /** As Ctrl-C does it, which ends the sharer too, and may be heard of here a little later. */
    @Test
    void theReasonForItsEndMayComeLater() throws IOException {
        AtomicInteger looks = new AtomicInteger();
        try (MemFd file = MemFd.create("ram", PAGE, false)) {
            PageBitmap odd = new PageBitmap(Long.SIZE);
            odd.add(1, 1);
            List<ProcessHandle> others = ProcessHandle.current().children().toList();
            assertThatThrownBy(() -> Sharer.start(file, odd, 100, NanoClock.SYSTEM, () -> {
                        boolean ended = ProcessHandle.current().children().allMatch(others::contains);
                        if (ended && looks.incrementAndGet() > 5) {
                            throw new IOException("cancelled");
                        }
                    }))
                    .hasMessage("cancelled");
        }
    }

    @Test
    void whatIsWrittenInPagesKeptApartIsNotInTheFile() throws IOException {
        try (RamBlock block = block();
                MemFd file = block.requireFile().reopened();
                RamBlock other = RamBlock.attach(
                        SPEC,
                        MemFd.adopt(file.fd().duplicate(), "ram", SPEC.mappedBytes()),
                        ExceptionalPages.ofMemfd(pages(), PageBitmap.empty(SPEC.pages())))) {
            block.mapping().setLong(8 * PAGE, 4711);
            other.populateShared(new PageRange(0, SPEC.pages()));

            assertThat(other.mapping().getLong(8 * PAGE))
                    .as("memory of its own")
                    .isZero();
            other.mapping().setLong(8 * PAGE, 1);
            other.mapping().setLong(40 * PAGE, 1);
            other.mapping().setLong(7 * PAGE, 7);

            assertThat(block.mapping().getLong(8 * PAGE)).isEqualTo(4711);
            assertThat(block.mapping().getLong(7 * PAGE))
                    .as("shared all the same")
                    .isEqualTo(7);
            assertThat(file.allocatedBytes()).as("no hole was filled").isEqualTo(32 * PAGE);
            NativeBuffer read = NativeBuffer.allocate(8);
            file.read(8 * PAGE, read, 8);
            assertThat(read.bytes().getLong(0)).isEqualTo(4711);
        }
    }

    private static long frame(RamBlock block, int page) throws IOException {
        long[] entries = new long[1];
        try (Pagemap pagemap = Pagemap.open()) {
            pagemap.read(block.mapping(), page, 1, PAGE, entries);
        }
        return Pagemap.frame(entries[0]);
    }
}
