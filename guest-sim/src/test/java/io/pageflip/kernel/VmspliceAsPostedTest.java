package io.pageflip.kernel;

import static io.pageflip.kernel.VmspliceBench.BOTH;
import static io.pageflip.kernel.VmspliceBench.DESTINATION;
import static io.pageflip.kernel.VmspliceBench.PAGES;
import static io.pageflip.kernel.VmspliceBench.SOURCE;
import static io.pageflip.kernel.VmspliceBench.destination;
import static io.pageflip.kernel.VmspliceBench.source;
import static io.pageflip.kernel.VmspliceBench.stamp;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Objects;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Seeds 000 and 004, as posted: each condition of {@code __pipe_to_user_move}, and each thing that it leaves out. */
final class VmspliceAsPostedTest {
    private final VmspliceBench bench = VmspliceBench.of(VmspliceVariant.AS_POSTED);

    @Test
    void movesAGiftedPage() {
        int frame = bench.mapped(bench.writer, source(2)).number();
        assertThat(bench.gift(2)).isEqualTo(4096);
        assertThat(bench.writer.mappedPage(source(2))).isNull();
        assertThat(bench.move(5)).isEqualTo(4096);
        bench.assertDecided(Outcome.MOVED, MoveReason.MOVED);
        PageFrame page = bench.mapped(bench.reader, destination(5));
        assertThat(page.number()).isEqualTo(frame);
        assertThat(page.refCount()).isEqualTo(1);
        assertThat(page.mapCount()).isEqualTo(1);
        assertThat(page.is(PageFlag.LOCKED)).isFalse();
        bench.assertArrived(5, 2);
        bench.assertNothingLeft();
    }

    @Test
    void theWritersNextTouchFindsANewZeroPage() {
        bench.gift(2);
        bench.move(2);
        assertThat(bench.writer.read(source(2))).isZero();
        assertThat(bench.writer.write(source(2), 7)).isTrue();
        assertThat(bench.mapped(bench.writer, source(2))).isNotSameAs(bench.mapped(bench.reader, destination(2)));
        bench.assertArrived(2, 2);
        bench.assertNothingLeft();
    }

    @Test
    void replacesTheReadersOldPage() {
        bench.reader.writePage(destination(0), 99);
        int before = bench.kernel.allocator().inUse();
        bench.gift(0);
        bench.move(0);
        assertThat(bench.kernel.allocator().inUse()).isEqualTo(before - 1);
        bench.assertArrived(0, 0);
        bench.assertNothingLeft();
    }

    @Test
    void copiesWhatWasNotGifted() {
        bench.write(Iovec.ofPages(source(0), 1), SpliceFlags.MOVE);
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
    void copiesABufferThatDoesNotBeginWithItsPage() {
        bench.gift(0);
        bench.read(new Iovec(destination(0), 512), 0);
        assertThat(bench.read(new Iovec(destination(0) + 512, 3584), SpliceFlags.MOVE))
                .isEqualTo(3584);
        assertThat(bench.moves.count(Outcome.COPIED, MoveReason.BUFFER_OFFSET)).isEqualTo(1);
        bench.assertArrived(0, 0);
        bench.assertNothingLeft();
    }

    @Test
    void copiesABufferThatIsNotAWholePage() {
        // No call of 2013 makes such a gift: vmsplice refuses it, and splice and tee do not pass the flag on.
        PageFrame page = Objects.requireNonNull(bench.writer.getUserPage(source(0)));
        bench.pipe.push(page, 0, 3584, PipeBufferOps.USER_PAGE, PipeBuffer.GIFT);
        assertThat(bench.move(0)).isEqualTo(3584);
        bench.assertDecided(Outcome.COPIED, MoveReason.BUFFER_LENGTH);
        bench.assertNothingLeft();
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void copiesAFilesPage(boolean sharedMemory) {
        PageCache file = sharedMemory ? bench.kernel.newSharedMemory(1 << 20) : bench.kernel.newFile(1 << 20);
        file.populate(0, stamp(0));
        long at = SOURCE + 64 * 4096;
        bench.writer.mmapFile(at, at + 4096, Set.of(Vma.Flag.SHARED, Vma.Flag.WRITE), file, 0);
        bench.write(Iovec.ofPages(at, 1), BOTH);
        assertThat(bench.gifts.count(Outcome.MOVED, GiftReason.UNMAPPED)).isEqualTo(1);
        bench.move(0);
        bench.assertDecided(Outcome.COPIED, MoveReason.NOT_ANONYMOUS);
        bench.assertArrived(0, 0);
        assertThat(bench.writer.read(at)).as("the file still has it").isEqualTo(stamp(0));
        bench.exit();
        file.truncate();
        assertThat(bench.kernel.allocator().inUse()).isZero();
    }

    @Test
    void copiesTheZeroPageOfAHole() {
        bench.writer.mmap(SOURCE + 64 * 4096, SOURCE + 65 * 4096, Set.of(Vma.Flag.WRITE));
        bench.write(Iovec.ofPages(SOURCE + 64 * 4096, 1), BOTH);
        bench.reader.writePage(destination(0), 99);
        bench.move(0);
        bench.assertDecided(Outcome.COPIED, MoveReason.NOT_ANONYMOUS);
        assertThat(bench.reader.read(destination(0))).isZero();
        bench.assertNothingLeft();
    }

    @Test
    void copiesWhatAForkedChildStillMaps() {
        AddressSpace child = bench.writer.fork();
        bench.gift(0);
        bench.move(0);
        assertThat(child.read(source(0))).isEqualTo(stamp(0));
        assertCopied(MoveReason.STILL_MAPPED, child);
    }

    @Test
    void copiesWhatTheWriterDidNotUnmap() {
        bench.write(Iovec.ofPages(source(0), 1), SpliceFlags.GIFT);
        assertThat(bench.gifts.count(Outcome.COPIED, GiftReason.NOT_ASKED)).isEqualTo(1);
        bench.move(0);
        assertCopied(MoveReason.STILL_MAPPED);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void copiesHugePagesOfBothKindsAsCompound(boolean hugetlb) {
        long at = SOURCE + 64 * 4096;
        bench.writer.mmapHuge(at, at + 8 * 4096, 8, hugetlb);
        for (int i = 0; i < 8; i++) {
            bench.writer.writePage(at + i * 4096L, stamp(i));
        }
        bench.write(Iovec.ofPages(at, 8), BOTH);
        assertThat(bench.inPipe().isHugetlb()).isEqualTo(hugetlb);
        assertThat(bench.inPipe().isTransHuge()).isEqualTo(!hugetlb);
        bench.read(Iovec.ofPages(DESTINATION, 8), SpliceFlags.MOVE);
        assertThat(bench.moves.count(Outcome.COPIED, MoveReason.COMPOUND)).isEqualTo(8);
        for (int i = 0; i < 8; i++) {
            bench.assertArrived(i, i);
        }
        bench.assertNothingLeft();
    }

    @Test
    void aHugePageIsMappedWhileAnyOfItIs() {
        long at = SOURCE + 64 * 4096;
        bench.writer.mmapHuge(at, at + 8 * 4096, 8, false);
        bench.writer.writePage(at, stamp(0));
        bench.write(Iovec.ofPages(at, 1), BOTH);
        bench.move(0);
        assertCopied(MoveReason.STILL_MAPPED);
    }

    @Test
    void failsWhereNothingIsMappedAtOrBehindTheAddress() {
        bench.gift(0);
        long behindAll = destination(PAGES);
        assertThat(bench.read(Iovec.ofPages(behindAll, 1), SpliceFlags.MOVE)).isEqualTo(Errno.EFAULT.result());
        bench.assertDecided(Outcome.FAILED, MoveReason.NO_VMA);
        assertThat(bench.pipe.buffers()).as("the page is still in the pipe").isEqualTo(1);
        bench.assertNothingLeft();
    }

    @Test
    void mapsThePageOutsideOfAnyMappingIfOneFollows() {
        bench.gift(0);
        long before = DESTINATION - 4 * 4096;
        assertThat(bench.read(Iovec.ofPages(before, 1), SpliceFlags.MOVE)).isEqualTo(4096);
        bench.assertDecided(Outcome.MOVED, MoveReason.MOVED);
        assertThat(bench.defects(Defect.LATER_MAPPING)).isEqualTo(1);
        assertThat(bench.reader.lookupVma(before)).isNull();
        assertThat(bench.reader.read(before)).isEqualTo(stamp(0));
        bench.exit();
        assertThat(bench.kernel.allocator().inUse()).as("leaked for ever").isEqualTo(1);
    }

    @Test
    void copiesWithoutMemoryForTheAnonVma() {
        bench.gift(0);
        bench.hazards.next(Hazard.ANON_VMA_ALLOCATION);
        bench.move(0);
        assertCopied(MoveReason.NO_ANON_VMA);
    }

    @Test
    void copiesAfterAFatalSignalWhenTheOldPageIsGone() {
        bench.reader.writePage(destination(0), 99);
        bench.gift(0);
        bench.inPipe().lock();
        bench.hazards.next(Hazard.FATAL_SIGNAL);
        PageFrame old = bench.mapped(bench.reader, destination(0));
        PageFrame page = bench.inPipe();
        bench.move(0);
        assertThat(old.incarnation()).as("zapped before the signal").isEqualTo(1);
        bench.assertDecided(Outcome.COPIED, MoveReason.FATAL_SIGNAL);
        assertThat(page.incarnation()).isEqualTo(1);
        assertThat(bench.kernel.log().count(Warning.BAD_PAGE_STATE))
                .as("its owner still had it locked")
                .isEqualTo(1);
        bench.assertArrived(0, 0);
    }

    @Test
    void waitsForThePageLockOtherwise() {
        bench.gift(0);
        bench.inPipe().lock();
        bench.move(0);
        bench.assertDecided(Outcome.MOVED, MoveReason.MOVED);
        bench.assertNothingLeft();
    }

    @Test
    void claimsAPageForWhichItGotNoPageTableEntry() {
        bench.gift(0);
        bench.hazards.next(Hazard.PAGE_TABLE_ALLOCATION);
        assertThat(bench.move(0)).isEqualTo(4096);
        assertClaimed(MoveReason.NO_PTE);
    }

    @Test
    void claimsAPageWhoseEntryIsTaken() {
        bench.gift(0);
        bench.hazards.next(Hazard.READER_FAULTS);
        assertThat(bench.move(0)).isEqualTo(4096);
        assertClaimed(MoveReason.PTE_TAKEN);
    }

    private void assertClaimed(MoveReason reason) {
        bench.assertDecided(Outcome.CLAIMED_NOT_MOVED, reason);
        assertThat(bench.defects(Defect.CLAIMED_NOT_MOVED)).isEqualTo(1);
        assertThat(bench.pipe.buffers()).as("the page is gone").isZero();
        assertThat(bench.reader.read(destination(0))).as("nothing arrived").isZero();
        bench.assertNothingLeft();
    }

    @Test
    void overwritesASwapEntryThatCameMeanwhile() {
        bench.gift(0);
        bench.hazards.next(Hazard.READER_FAULTS_AND_SWAPS);
        bench.move(0);
        bench.assertDecided(Outcome.MOVED, MoveReason.MOVED);
        assertThat(bench.defects(Defect.SWAP_ENTRY_LOST)).isEqualTo(1);
        bench.exit();
        assertThat(bench.kernel.swapSlotsInUse()).as("leaked for ever").isEqualTo(1);
    }

    @Test
    void displacesThePageOfAnUnalignedReader() {
        bench.gift(0);
        assertThat(bench.read(new Iovec(destination(1) + 512, 4096), SpliceFlags.MOVE))
                .isEqualTo(4096);
        bench.assertDecided(Outcome.MOVED, MoveReason.MOVED);
        assertThat(bench.defects(Defect.UNALIGNED_READER)).isEqualTo(1);
        assertThat(bench.reader.read(destination(1))).as("512 bytes too early").isEqualTo(stamp(0));
        bench.assertNothingLeft();
    }

    @Test
    void runsOffThePageTableIfAnUnalignedPageCrossesItsEnd() {
        long end = DESTINATION + PageTable.SPAN;
        bench.reader.mmap(end - 8 * 4096, end + 8 * 4096, Set.of(Vma.Flag.WRITE));
        bench.reader.write(end - 4096, 1);
        bench.gift(0);
        assertThatThrownBy(() -> bench.read(new Iovec(end - 512, 4096), SpliceFlags.MOVE))
                .isInstanceOf(KernelBugException.class);
    }

    @Test
    void givesAWholePageToWhoAskedForAPart() {
        bench.gift(0);
        assertThat(bench.read(new Iovec(destination(0), 512), SpliceFlags.MOVE)).isEqualTo(512);
        bench.assertDecided(Outcome.MOVED, MoveReason.MOVED);
        assertThat(bench.defects(Defect.SHORT_REQUEST)).isEqualTo(1);
        assertThat(bench.reader.read(destination(0) + 512)).as("not asked for").isEqualTo(stamp(0) + 1);
        assertThat(bench.inPipe()).as("and the rest in the pipe").isSameAs(bench.reader.mappedPage(destination(0)));
        bench.assertNothingLeft();
    }

    @Test
    void putsThePageIntoAFilesMapping() {
        PageCache file = bench.kernel.newFile(1 << 20);
        long at = DESTINATION + 64 * 4096;
        bench.reader.mmapFile(at, at + 4096, Set.of(Vma.Flag.SHARED, Vma.Flag.WRITE), file, 0);
        bench.gift(0);
        bench.read(Iovec.ofPages(at, 1), SpliceFlags.MOVE);
        assertThat(bench.defects(Defect.FILE_MAPPING)).isEqualTo(1);
        assertThat(bench.reader.read(at)).isEqualTo(stamp(0));
        assertThat(file.find(0)).as("the file knows nothing of it").isNull();
        bench.assertNothingLeft();
    }

    @Test
    void changesMemoryThatIsReadOnly() {
        long at = DESTINATION + 64 * 4096;
        bench.reader.mmap(at, at + 4096, Set.of());
        bench.gift(0);
        assertThat(bench.read(Iovec.ofPages(at, 1), SpliceFlags.MOVE)).isEqualTo(4096);
        assertThat(bench.defects(Defect.READ_ONLY_MAPPING)).isEqualTo(1);
        assertThat(bench.reader.read(at)).isEqualTo(stamp(0));
        bench.assertNothingLeft();
    }

    @Test
    void replacesThePageOfLockedMemory() {
        long at = DESTINATION + 64 * 4096;
        bench.reader.mmap(at, at + 4096, Set.of(Vma.Flag.WRITE, Vma.Flag.LOCKED));
        bench.gift(0);
        bench.read(Iovec.ofPages(at, 1), SpliceFlags.MOVE);
        assertThat(bench.defects(Defect.LOCKED_MAPPING)).isEqualTo(1);
        bench.assertNothingLeft();
    }

    @Test
    void movesAPageThatKsmHasMerged() {
        bench.writer.writePage(source(1), stamp(0));
        assertThat(Ksm.merge(bench.writer, source(0), bench.writer, source(1))).isTrue();
        bench.writer.write(source(1), 5); // unshared again; the other keeps KSM's page
        bench.gift(0);
        bench.move(0);
        bench.assertDecided(Outcome.MOVED, MoveReason.MOVED);
        assertThat(bench.defects(Defect.KSM_PAGE)).isEqualTo(1);
        bench.assertArrived(0, 0);
        bench.assertNothingLeft();
    }

    @Test
    void copiesAPageThatKsmStillShares() {
        bench.writer.writePage(source(1), stamp(0));
        Ksm.merge(bench.writer, source(0), bench.writer, source(1));
        bench.gift(0);
        bench.move(0);
        assertCopied(MoveReason.STILL_MAPPED);
    }

    @Test
    void aPageInTheSwapCacheIsFoundAgainByAForkedChild() {
        bench.writer.swapOut(source(0));
        AddressSpace child = bench.writer.fork();
        bench.writer.read(source(0));
        bench.gift(0);
        bench.move(0);
        bench.assertDecided(Outcome.MOVED, MoveReason.MOVED);
        assertThat(bench.defects(Defect.SWAP_CACHE_SHARED)).isEqualTo(1);
        child.read(source(0));
        assertThat(child.mappedPage(source(0))).isSameAs(bench.reader.mappedPage(destination(0)));
        child.exit();
        bench.assertNothingLeft();
    }

    @Test
    void aPageThatIsMappedAgainBeforeItsLockEndsUpInBoth() {
        bench.writer.swapOut(source(0));
        AddressSpace child = bench.writer.fork();
        bench.writer.read(source(0));
        bench.gift(0);
        bench.hazards.next(Hazard.PAGE_MAPPED_AGAIN, () -> child.read(source(0)));
        bench.move(0);
        bench.assertDecided(Outcome.MOVED, MoveReason.MOVED);
        assertThat(bench.defects(Defect.MAPPED_IN_BOTH)).isEqualTo(1);
        child.exit();
        bench.assertNothingLeft();
    }

    @Test
    void aPageThatSomebodyElseHoldsMovesAllTheSame() {
        PageFrame pinned = Objects.requireNonNull(bench.writer.getUserPage(source(0)));
        bench.gift(0);
        bench.move(0);
        assertThat(bench.defects(Defect.EXTRA_REFERENCE)).isEqualTo(1);
        bench.reader.write(destination(0), 5);
        assertThat(bench.mapped(bench.reader, destination(0)))
                .as("read-only at first, so the write copies")
                .isNotSameAs(pinned);
        pinned.put();
        bench.assertNothingLeft();
    }

    @Test
    void leavesTheReverseMappingBehind() {
        bench.gift(0);
        bench.move(1);
        assertThat(bench.defects(Defect.STALE_RMAP)).isEqualTo(1);
        Vma vma = Objects.requireNonNull(bench.reader.lookupVma(destination(1)));
        assertThat(Rmap.leadsTo(bench.mapped(bench.reader, destination(1)), vma, destination(1)))
                .isFalse();
    }

    @Test
    void doesNotCountThePage() {
        bench.gift(0);
        bench.move(0);
        assertThat(bench.defects(Defect.RSS_NOT_COUNTED)).isEqualTo(1);
        assertThat(bench.reader.anonPages()).isZero();
        bench.assertNothingLeft();
        assertThat(bench.kernel.log().count(Warning.BAD_RSS_COUNTER)).isEqualTo(1);
    }

    @Test
    void movesAPageThatWasSwappedOut() {
        bench.writer.swapOut(source(0));
        assertThat(bench.kernel.swapSlotsInUse()).isEqualTo(1);
        bench.gift(0);
        bench.move(0);
        bench.assertDecided(Outcome.MOVED, MoveReason.MOVED);
        assertThat(bench.defects(Defect.SWAP_CACHE_SHARED)).isZero();
        bench.assertArrived(0, 0);
        bench.assertNothingLeft();
    }

    private void assertCopied(MoveReason reason, AddressSpace... others) {
        bench.assertDecided(Outcome.COPIED, reason);
        bench.assertArrived(0, 0);
        assertThat(bench.mapped(bench.reader, destination(0)).refCount()).isEqualTo(1);
        for (AddressSpace other : others) {
            other.exit();
        }
        bench.assertNothingLeft();
    }
}
