package io.pageflip.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import io.pageflip.kernel.PipeIterWrite.WriteBegin;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Seed 003: each step of the write through a pipe-backed iterator. */
final class PipeIterWriteTest {
    private final ScriptedHazards hazards = new ScriptedHazards();
    private final Kernel kernel = new Kernel(64, hazards);
    private final PageCache from = kernel.newFile(1 << 20);
    private final PageCache to = kernel.newFile(1 << 20);
    private final Pipe pipe = kernel.newPipe(16);
    private final Tally<PipeIterReason> tally = new Tally<>(PipeIterReason.class);
    private final PipeIterWrite iter = new PipeIterWrite(kernel, tally);

    private static long stamp(int page) {
        return 1000L * (page + 1);
    }

    private PageFrame splice(int page) {
        PageFrame frame = from.populate(page, stamp(page));
        pipe.spliceFrom(from, page, 0, 4096);
        return frame;
    }

    private long write(long position, long length) {
        return iter.write(WriteBegin.SUPPORTED, to, position, pipe, length);
    }

    @Test
    void aStolenPageBecomesTheFiles() {
        PageFrame page = splice(0);
        assertThat(write(4096, 4096)).isEqualTo(4096);
        assertDecided(Outcome.MOVED, PipeIterReason.ACCEPTED);
        assertThat(to.find(1)).isSameAs(page);
        assertThat(from.find(0)).isNull();
        assertThat(page.refCount()).isEqualTo(1);
        assertThat(page.is(PageFlag.UPTODATE) && page.is(PageFlag.DIRTY)).isTrue();
        assertArrived(1, 0);
    }

    @Test
    void aPageThatWasWrittenIntoThePipeMovesToo() {
        pipe.write(4096, stamp(0));
        write(0, 4096);
        assertDecided(Outcome.MOVED, PipeIterReason.ACCEPTED);
        assertArrived(0, 0);
    }

    @Test
    void aFileSystemThatWasNotTaughtCopies() {
        PageFrame page = splice(0);
        assertThat(iter.write(WriteBegin.UNSUPPORTED, to, 0, pipe, 4096)).isEqualTo(4096);
        assertDecided(Outcome.COPIED, PipeIterReason.NOT_TAUGHT);
        assertThat(to.find(0)).isNotSameAs(page);
        assertArrived(0, 0);
    }

    @ParameterizedTest
    @EnumSource(WriteBegin.class)
    void aWriteThatDoesNotFillThePageIsCopied(WriteBegin writeBegin) {
        splice(0);
        splice(1);
        assertThat(iter.write(writeBegin, to, 512, pipe, 4096)).isEqualTo(4096);
        assertThat(tally.count(Outcome.COPIED, PipeIterReason.NOT_FULL_PAGE)).isEqualTo(2);
        assertThat(page(to, 0).grain(0)).isZero();
        assertThat(page(to, 0).grain(1)).isEqualTo(stamp(0));
        assertThat(page(to, 1).grain(0)).isEqualTo(stamp(0) + 7);
        assertNothingLeft();
    }

    @Test
    void aFullPageInTwoBuffersIsCopied() {
        from.populate(0, stamp(0));
        pipe.spliceFrom(from, 0, 0, 512);
        pipe.spliceFrom(from, 0, 512, 3584);
        write(0, 4096);
        assertDecided(Outcome.COPIED, PipeIterReason.BUFFER_NOT_WHOLE);
        assertArrived(0, 0);
    }

    @Test
    void aPageThatSomebodyElseHoldsIsCopied() {
        PageFrame page = splice(0);
        page.get();
        write(0, 4096);
        assertDecided(Outcome.COPIED, PipeIterReason.NOT_STOLEN);
        assertThat(from.find(0)).isSameAs(page);
        page.put();
        assertArrived(0, 0);
    }

    @Test
    void giftedMemoryIsStolenAndStillNotForThePageCache() {
        AddressSpace mm = kernel.newAddressSpace();
        mm.mmap(4096, 8192, Set.of(Vma.Flag.WRITE));
        mm.writePage(4096, stamp(0));
        Vmsplice vmsplice = new Vmsplice(
                kernel, VmspliceVariant.FIXED, new Tally<>(GiftReason.class), new Tally<>(MoveReason.class));
        vmsplice.toPipe(mm, pipe, List.of(Iovec.ofPages(4096, 1)), SpliceFlags.GIFT | SpliceFlags.MOVE);
        write(0, 4096);
        assertDecided(Outcome.COPIED, PipeIterReason.NOT_FOR_PAGE_CACHE);
        mm.exit();
        assertArrived(0, 0);
    }

    @Test
    void aPlaceThatIsTakenIsCopiedInto() {
        PageFrame old = to.populate(0, 99);
        splice(0);
        write(0, 4096);
        assertDecided(Outcome.COPIED, PipeIterReason.PLACE_TAKEN);
        assertThat(to.find(0)).isSameAs(old);
        assertArrived(0, 0);
    }

    @Test
    void withoutMemoryForThePageCacheItIsCopied() {
        splice(0);
        hazards.next(Hazard.PAGE_CACHE_ALLOCATION);
        write(0, 4096);
        assertDecided(Outcome.COPIED, PipeIterReason.ADD_WITHOUT_MEMORY);
        assertArrived(0, 0);
    }

    @Test
    void aCopyOntoItselfIsRecognised() {
        to.populate(0, stamp(0));
        page(to, 0).get(); // so that it cannot be stolen from its own file
        pipe.spliceFrom(to, 0, 0, 4096);
        assertThat(write(0, 4096)).isEqualTo(4096);
        assertDecided(Outcome.MOVED, PipeIterReason.SAME_PAGE);
        page(to, 0).put();
        assertArrived(0, 0);
    }

    @Test
    void aBufferWithoutDataFails() {
        splice(0).clear(PageFlag.UPTODATE);
        assertThat(write(0, 4096)).isEqualTo(Errno.EIO.result());
        assertDecided(Outcome.FAILED, PipeIterReason.NOT_CONFIRMED);
        assertThat(pipe.buffers()).isEqualTo(1);
        assertNothingLeft();
    }

    @Test
    void anErrorBeforeThePageIsLookedAtLeavesItInThePipe() {
        PageFrame page = splice(0);
        hazards.next(Hazard.WRITE_BEGIN_FAILS);
        assertThat(write(0, 4096)).isEqualTo(Errno.ENOSPC.result());
        assertDecided(Outcome.FAILED, PipeIterReason.NOT_BEGUN);
        assertThat(page.is(PageFlag.LOCKED)).isFalse();
        assertThat(from.find(0)).as("it was stolen all the same").isNull();
        assertThat(write(0, 4096)).isEqualTo(4096);
        assertArrived(0, 0);
    }

    @Test
    void anErrorAfterThePageWentInLeavesItInTheFileAndInThePipe() {
        PageFrame page = splice(0);
        hazards.next(Hazard.NO_BLOCK);
        assertThat(write(0, 4096)).isEqualTo(Errno.ENOSPC.result());
        assertDecided(Outcome.FAILED, PipeIterReason.NO_BLOCK);
        assertThat(kernel.log().count(Defect.PAGE_IN_FILE_AND_PIPE)).isEqualTo(1);
        assertThat(to.find(0)).isSameAs(page);
        assertThat(page.is(PageFlag.UPTODATE))
                .as("so its content does not count")
                .isFalse();
        assertNothingLeft();
    }

    @Test
    void withoutAPageToCopyIntoItFails() {
        Kernel small = new Kernel(1, Hazards.NONE);
        Pipe smallPipe = small.newPipe(1);
        smallPipe.write(512, 0);
        PipeIterWrite smallIter = new PipeIterWrite(small, tally);
        assertThat(smallIter.write(WriteBegin.SUPPORTED, small.newFile(4096), 0, smallPipe, 512))
                .isEqualTo(Errno.ENOMEM.result());
        assertDecided(Outcome.FAILED, PipeIterReason.NO_PAGE);
    }

    @Test
    void writesWhatThePipeHolds() {
        splice(0);
        splice(1);
        assertThat(write(0, 1 << 20)).isEqualTo(8192);
        assertThat(write(0, 4096)).isZero();
    }

    private void assertDecided(Outcome outcome, PipeIterReason reason) {
        assertThat(tally.count(outcome, reason)).as("%s, %s", outcome, reason).isEqualTo(1);
        assertThat(tally.offered()).isEqualTo(1);
    }

    private void assertArrived(int index, int stampOf) {
        for (int i = 0; i < PageFrame.GRAINS; i++) {
            assertThat(page(to, index).grain(i)).isEqualTo(stamp(stampOf) + i);
        }
        assertThat(page(to, index).is(PageFlag.LOCKED)).isFalse();
        assertNothingLeft();
    }

    private void assertNothingLeft() {
        pipe.close();
        from.truncate();
        to.truncate();
        assertThat(kernel.allocator().inUse()).isZero();
        assertThat(kernel.log().count(Warning.BAD_PAGE_STATE)).isZero();
    }

    private static PageFrame page(PageCache file, long index) {
        return Objects.requireNonNull(file.find(index));
    }
}
