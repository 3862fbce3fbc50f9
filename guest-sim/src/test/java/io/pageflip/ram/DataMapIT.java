package io.pageflip.ram;

import static org.assertj.core.api.Assertions.assertThat;

import io.pageflip.memory.PageBitmap;
import io.pageflip.memory.PageRange;
import io.pageflip.os.MemFd;
import io.pageflip.testkit.HugePages;
import java.io.IOException;
import java.util.BitSet;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

final class DataMapIT {
    private static final int PAGES = 20_000; // more than one read of the page table

    private static RamBlock block(Backing backing, long pages) throws IOException {
        return RamBlock.create(new BlockSpec("ram", pages * backing.pageBytes(), backing));
    }

    /** Writes some pages, in runs and alone. */
    private static BitSet write(RamBlock block, int pages) {
        Random random = new Random(5);
        BitSet written = new BitSet();
        while (written.cardinality() < pages / 3) {
            int first = random.nextInt(pages);
            written.set(first, Math.min(pages, first + 1 + random.nextInt(40)));
        }
        written.set(pages - 1);
        written.clear(0);
        written.stream()
                .forEach(page ->
                        block.mapping().setLong((long) page * block.spec().pageBytes(), 1));
        return written;
    }

    private static BitSet set(PageBitmap pages) {
        BitSet set = new BitSet();
        pages.forEachRun(Long.MAX_VALUE, run -> set.set((int) run.first(), (int) run.end()));
        return set;
    }

    @ParameterizedTest
    @EnumSource(names = {"MEMFD", "ANONYMOUS"})
    void dataIsWhereSomethingWasWritten(Backing backing) throws IOException {
        try (RamBlock block = block(backing, PAGES)) {
            assertThat(DataMap.scan(block).holes()).isEqualTo(PAGES);
            BitSet written = write(block, PAGES);
            DataMap map = DataMap.scan(block);
            assertThat(set(map.pages())).isEqualTo(written);
            assertThat(map.holes()).isEqualTo(PAGES - written.cardinality());
        }
    }

    @Test
    void hugePagesAreFoundInThePageTable() throws IOException {
        try (HugePages reserved = HugePages.reserve(6);
                RamBlock block = block(Backing.HUGETLB, 6)) {
            assertThat(reserved).isNotNull();
            assertThat(DataMap.scan(block).holes()).isEqualTo(6);
            block.mapping().setLong(5L << 20, 1); // in the middle of page 2
            block.mapping().setLong(8L << 20, 1);
            assertThat(set(DataMap.scan(block).pages())).isEqualTo(BitSet.valueOf(new long[] {0b010100}));
            block.populate(new PageRange(0, 6));
            assertThat(DataMap.scan(block).holes()).isZero();
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"MEMFD", "ANONYMOUS"})
    void aBlockWithoutHolesHasNone(Backing backing) throws IOException {
        try (RamBlock block = block(backing, 300)) {
            block.populate(new PageRange(0, 300));
            DataMap map = DataMap.scan(block);
            assertThat(map.holes()).isZero();
            assertThat(map.pages().cardinality()).isEqualTo(300);
        }
    }

    @Test
    void scanningTouchesNoPage() throws IOException {
        try (RamBlock block = block(Backing.MEMFD, 300)) {
            write(block, 300);
            MemFd file = block.requireFile();
            long before = file.allocatedBytes();
            assertThat(DataMap.scan(block).holes()).isPositive();
            assertThat(file.allocatedBytes()).isEqualTo(before);
        }
    }

    @Test
    void pagesThatAreNotMappedAreStillData() throws IOException {
        try (RamBlock block = block(Backing.MEMFD, 300)) {
            BitSet written = write(block, 300);
            block.mapping().dropEntries(0, block.mapping().length());
            assertThat(set(DataMap.scan(block).pages())).isEqualTo(written);
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"MEMFD", "ANONYMOUS"})
    void refreshNoticesNewPages(Backing backing) throws IOException {
        try (RamBlock block = block(backing, 300)) {
            write(block, 300);
            DataMap map = DataMap.scan(block);
            assertThat(map.pages().get(0)).isFalse();
            block.mapping().setLong(0, 1);
            DataMap later = map.refresh(block);
            assertThat(later.pages().get(0)).isTrue();
            assertThat(later.holes()).isEqualTo(map.holes() - 1);
        }
    }

    @Test
    void refreshKeepsTheMapOfAFileThatGotNoNewPage() throws IOException {
        try (RamBlock block = block(Backing.MEMFD, 300)) {
            BitSet written = write(block, 300);
            DataMap map = DataMap.scan(block);
            block.mapping().setLong(written.nextSetBit(0) * 4096L, 2);
            assertThat(map.refresh(block)).isSameAs(map);
        }
    }
}
