package io.pageflip.kernel;

import static io.pageflip.kernel.VmspliceBench.BOTH;
import static io.pageflip.kernel.VmspliceBench.DESTINATION;
import static io.pageflip.kernel.VmspliceBench.SOURCE;
import static io.pageflip.kernel.VmspliceBench.destination;
import static io.pageflip.kernel.VmspliceBench.source;
import static io.pageflip.kernel.VmspliceBench.stamp;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * vmsplice with the conditions that 000 leaves out: each of them, and that none of the posted code's defects is left.
 */
final class VmspliceFixedTest {
    private static final long ELSEWHERE = DESTINATION + 64 * 4096;

    private final VmspliceBench bench = VmspliceBench.of(VmspliceVariant.FIXED);

    @Test
    void movesAGiftedPageAndLeavesNoDefect() {
        int frame = bench.mapped(bench.writer, source(2)).number();
        bench.gift(2);
        assertThat(bench.move(5)).isEqualTo(4096);
        bench.assertDecided(Outcome.MOVED, MoveReason.MOVED);
        PageFrame page = bench.mapped(bench.reader, destination(5));
        assertThat(page.number()).isEqualTo(frame);
        Vma vma = Objects.requireNonNull(bench.reader.lookupVma(destination(5)));
        assertThat(Rmap.leadsTo(page, vma, destination(5))).isTrue();
        assertThat(bench.reader.anonPages()).isEqualTo(1);
        bench.reader.write(destination(5) + 512, stamp(2) + 1);
        assertThat(bench.mapped(bench.reader, destination(5)))
                .as("writable at once")
                .isSameAs(page);
        bench.assertArrived(5, 2);
        for (Defect defect : Defect.values()) {
            assertThat(bench.defects(defect)).as(defect.name()).isZero();
        }
        bench.assertNothingLeft();
        assertThat(bench.kernel.log().count(Warning.BAD_RSS_COUNTER)).isZero();
    }

    @Test
    void replacesTheReadersOldPage() {
        bench.reader.writePage(destination(0), 99);
        int before = bench.kernel.allocator().inUse();
        bench.gift(0);
        bench.move(0);
        bench.assertDecided(Outcome.MOVED, MoveReason.MOVED);
        assertThat(bench.kernel.allocator().inUse()).isEqualTo(before - 1);
        bench.assertArrived(0, 0);
        bench.assertNothingLeft();
    }

    @Test
    void copiesWhatWasNotGifted() {
        bench.write(Iovec.ofPages(source(0), 1), 0);
        bench.move(0);
        assertCopied(MoveReason.NOT_GIFTED);
    }

    @Test
    void copiesWhereTheReaderDoesNotAsk() {
        bench.gift(0);
        bench.read(Iovec.ofPages(destination(0), 1), 0);
        assertCopied(MoveReason.MOVE_NOT_REQUESTED);
    }

    @Test
    void copiesTheFirstPartOfAnUnalignedGift() {
        bench.write(new Iovec(source(0) + 512, 4096), BOTH);
        assertThat(bench.gifts.count(Outcome.COPIED, GiftReason.UNALIGNED)).isEqualTo(2);
        assertThat(bench.read(new Iovec(destination(0) + 512, 4096), SpliceFlags.MOVE))
                .isEqualTo(4096);
        assertThat(bench.moves.count(Outcome.COPIED, MoveReason.BUFFER_OFFSET)).isEqualTo(1);
        assertThat(bench.moves.count(Outcome.COPIED, MoveReason.BUFFER_LENGTH)).isEqualTo(1);
        assertThat(bench.reader.read(destination(0) + 512)).isEqualTo(stamp(0) + 1);
        assertThat(bench.reader.read(destination(1))).isEqualTo(stamp(1));
        bench.assertNothingLeft();
    }

    @Test
    void copiesABufferThatIsNotAWholePage() {
        bench.write(new Iovec(source(0), 3584), BOTH);
        assertThat(bench.gifts.count(Outcome.COPIED, GiftReason.PART_OF_PAGE)).isEqualTo(1);
        bench.move(0);
        bench.assertDecided(Outcome.COPIED, MoveReason.BUFFER_LENGTH);
        bench.assertNothingLeft();
    }

    @Test
    void copiesWhereTheReaderWantsLess() {
        bench.gift(0);
        assertThat(bench.read(new Iovec(destination(0), 512), SpliceFlags.MOVE)).isEqualTo(512);
        bench.assertDecided(Outcome.COPIED, MoveReason.SHORT_REQUEST);
        assertThat(bench.reader.read(destination(0) + 512)).isZero();
        bench.assertNothingLeft();
    }

    @Test
    void copiesAcrossTheEndOfThePieceOfMemory() {
        bench.gift(0);
        List<Iovec> pieces = List.of(new Iovec(destination(0), 512), new Iovec(destination(1), 3584));
        assertThat(bench.vmsplice.toUser(bench.reader, bench.pipe, pieces, SpliceFlags.MOVE))
                .isEqualTo(4096);
        bench.assertDecided(Outcome.COPIED, MoveReason.SEGMENT_END);
        assertThat(bench.reader.read(destination(0))).isEqualTo(stamp(0));
        assertThat(bench.reader.read(destination(1))).isEqualTo(stamp(0) + 1);
        bench.assertNothingLeft();
    }

    @Test
    void copiesForAnUnalignedReader() {
        bench.gift(0);
        bench.read(new Iovec(destination(0) + 512, 4096), SpliceFlags.MOVE);
        bench.assertDecided(Outcome.COPIED, MoveReason.READER_UNALIGNED);
        assertThat(bench.reader.read(destination(0) + 512)).isEqualTo(stamp(0));
        assertThat(bench.reader.read(destination(1))).isEqualTo(stamp(0) + 7);
        bench.assertNothingLeft();
    }

    @Test
    void sparesTheWritersFileAndCopies() {
        PageCache file = bench.kernel.newFile(1 << 20);
        file.populate(0, stamp(0));
        long at = SOURCE + 64 * 4096;
        bench.writer.mmapFile(at, at + 4096, Set.of(Vma.Flag.SHARED), file, 0);
        bench.write(Iovec.ofPages(at, 1), BOTH);
        assertThat(bench.gifts.count(Outcome.COPIED, GiftReason.VMA_NOT_ANONYMOUS))
                .isEqualTo(1);
        bench.move(0);
        bench.assertDecided(Outcome.COPIED, MoveReason.NOT_ANONYMOUS);
        bench.exit();
        file.truncate();
        assertThat(bench.kernel.allocator().inUse()).isZero();
    }

    @Test
    void sparesTheWritersLockedMemoryAndCopies() {
        long at = SOURCE + 64 * 4096;
        bench.writer.mmap(at, at + 4096, Set.of(Vma.Flag.WRITE, Vma.Flag.LOCKED));
        bench.writer.writePage(at, stamp(0));
        bench.write(Iovec.ofPages(at, 1), BOTH);
        assertThat(bench.gifts.count(Outcome.COPIED, GiftReason.VMA_LOCKED)).isEqualTo(1);
        bench.move(0);
        assertCopied(MoveReason.STILL_MAPPED);
    }

    @Test
    void copiesWhatAForkedChildStillMaps() {
        AddressSpace child = bench.writer.fork();
        bench.gift(0);
        bench.move(0);
        child.exit();
        assertCopied(MoveReason.STILL_MAPPED);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void copiesHugePagesEvenWhileTheyAreMapped(boolean hugetlb) {
        long at = SOURCE + 64 * 4096;
        bench.writer.mmapHuge(at, at + 8 * 4096, 8, hugetlb);
        bench.writer.writePage(at, stamp(0));
        bench.write(Iovec.ofPages(at, 1), BOTH);
        bench.move(0);
        assertCopied(MoveReason.COMPOUND);
    }

    @Test
    void copiesAPageThatKsmHasMerged() {
        bench.writer.writePage(source(1), stamp(0));
        Ksm.merge(bench.writer, source(0), bench.writer, source(1));
        bench.gift(0);
        bench.move(0);
        assertCopied(MoveReason.KSM);
    }

    @Test
    void failsWhereNothingIsMappedThoughSomethingFollows() {
        bench.gift(0);
        long before = DESTINATION - 4 * 4096;
        assertThat(bench.read(Iovec.ofPages(before, 1), SpliceFlags.MOVE)).isEqualTo(Errno.EFAULT.result());
        bench.assertDecided(Outcome.FAILED, MoveReason.NO_VMA);
        bench.assertNothingLeft();
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void copiesIntoAFile(boolean sharedMemory) {
        PageCache file = sharedMemory ? bench.kernel.newSharedMemory(1 << 20) : bench.kernel.newFile(1 << 20);
        bench.reader.mmapFile(ELSEWHERE, ELSEWHERE + 4096, Set.of(Vma.Flag.SHARED, Vma.Flag.WRITE), file, 0);
        bench.gift(0);
        bench.read(Iovec.ofPages(ELSEWHERE, 1), SpliceFlags.MOVE);
        bench.assertDecided(Outcome.COPIED, MoveReason.VMA_NOT_ANONYMOUS);
        assertThat(Objects.requireNonNull(file.find(0)).grain(0)).isEqualTo(stamp(0));
        bench.exit();
        file.truncate();
        assertThat(bench.kernel.allocator().inUse()).isZero();
    }

    @Test
    void failsWhereTheReaderMayNotWrite() {
        bench.reader.mmap(ELSEWHERE, ELSEWHERE + 4096, Set.of());
        bench.gift(0);
        assertThat(bench.read(Iovec.ofPages(ELSEWHERE, 1), SpliceFlags.MOVE)).isEqualTo(Errno.EFAULT.result());
        bench.assertDecided(Outcome.FAILED, MoveReason.VMA_READ_ONLY);
        bench.assertNothingLeft();
    }

    @Test
    void copiesIntoLockedMemory() {
        bench.reader.mmap(ELSEWHERE, ELSEWHERE + 4096, Set.of(Vma.Flag.WRITE, Vma.Flag.LOCKED));
        bench.gift(0);
        bench.read(Iovec.ofPages(ELSEWHERE, 1), SpliceFlags.MOVE);
        bench.assertDecided(Outcome.COPIED, MoveReason.VMA_LOCKED);
        bench.assertNothingLeft();
    }

    @ParameterizedTest
    @EnumSource(
            value = Hazard.class,
            names = {"ANON_VMA_ALLOCATION", "PAGE_TABLE_ALLOCATION", "READER_FAULTS", "READER_FAULTS_AND_SWAPS"})
    void copiesWhateverComesBetween(Hazard hazard) {
        bench.gift(0);
        bench.hazards.next(hazard);
        assertThat(bench.move(0)).isEqualTo(4096);
        assertCopied(
                switch (hazard) {
                    case ANON_VMA_ALLOCATION -> MoveReason.NO_ANON_VMA;
                    case PAGE_TABLE_ALLOCATION -> MoveReason.NO_PTE;
                    default -> MoveReason.PTE_TAKEN;
                });
    }

    @Test
    void copiesAfterAFatalSignal() {
        bench.gift(0);
        PageFrame page = bench.inPipe();
        page.get();
        page.lock();
        bench.hazards.next(Hazard.FATAL_SIGNAL);
        bench.move(0);
        page.unlock();
        page.put();
        assertCopied(MoveReason.FATAL_SIGNAL);
    }

    @Test
    void copiesAPageThatWasMappedAgainBeforeItsLock() {
        bench.writer.swapOut(source(0));
        AddressSpace child = bench.writer.fork();
        bench.writer.read(source(0));
        bench.gift(0);
        bench.hazards.next(Hazard.PAGE_MAPPED_AGAIN, () -> child.read(source(0)));
        bench.move(0);
        child.exit();
        assertCopied(MoveReason.MAPPED_MEANWHILE);
    }

    @Test
    void aForkedChildsSwapEntryIsWhatItStillMisses() {
        bench.writer.swapOut(source(0));
        AddressSpace child = bench.writer.fork();
        bench.writer.read(source(0));
        bench.gift(0);
        bench.move(0);
        bench.assertDecided(Outcome.MOVED, MoveReason.MOVED);
        assertThat(bench.defects(Defect.SWAP_CACHE_SHARED)).isEqualTo(1);
        bench.reader.write(destination(0), 5);
        assertThat(child.read(source(0)))
                .as("the reader's content, in the child")
                .isEqualTo(5);
        child.exit();
        bench.assertNothingLeft();
    }

    @Test
    void aPageThatWasSwappedOutInThePipeIsTheWritersAndTheReaders() {
        bench.write(Iovec.ofPages(source(0), 1), SpliceFlags.GIFT);
        assertThat(bench.writer.swapOut(source(0))).isTrue();
        bench.move(0);
        bench.assertDecided(Outcome.MOVED, MoveReason.MOVED);
        assertThat(bench.defects(Defect.SWAP_CACHE_SHARED)).isEqualTo(1);
        bench.writer.read(source(0));
        assertThat(bench.writer.mappedPage(source(0))).isSameAs(bench.reader.mappedPage(destination(0)));
        bench.assertNothingLeft();
    }

    @Test
    void aPageThatSomebodyElseHoldsMovesAllTheSame() {
        PageFrame pinned = Objects.requireNonNull(bench.writer.getUserPage(source(0)));
        bench.gift(0);
        bench.move(0);
        assertThat(bench.defects(Defect.EXTRA_REFERENCE)).isEqualTo(1);
        bench.reader.write(destination(0), 5);
        assertThat(pinned.grain(0)).as("seen by who holds it").isEqualTo(5);
        pinned.put();
        bench.assertNothingLeft();
    }

    private void assertCopied(MoveReason reason) {
        bench.assertDecided(Outcome.COPIED, reason);
        bench.assertArrived(0, 0);
        bench.assertNothingLeft();
        assertThat(bench.kernel.log().count(Warning.BAD_RSS_COUNTER)).isZero();
    }
}
