package io.pageflip.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Seed 001: each gate, test and error of {@code fuse_copy_page} and {@code fuse_try_move_page}. */
final class FuseMoveTest {
    private static final int PAGES = 4;
    private static final int HEADER = FuseDevice.HEADER_BYTES;
    private static final int REPLY = HEADER + PAGES * 4096;

    private final ScriptedHazards hazards = new ScriptedHazards();
    private final Kernel kernel = new Kernel(64, hazards);
    private final PageCache disk = kernel.newFile(PAGES * 4096);
    private final PageCache fuse = kernel.newFile(1 << 20);
    private final Pipe pipe = kernel.newPipe(16);
    private final Tally<FuseReason> tally = new Tally<>(FuseReason.class);
    private final FuseDevice device = new FuseDevice(tally);
    private FuseRequest request = FuseRequest.readPages(kernel, fuse, 0, PAGES, true);

    FuseMoveTest() {
        for (int i = 0; i < PAGES; i++) {
            disk.populate(i, stamp(i));
        }
    }

    private static long stamp(int page) {
        return 1000L * (page + 1);
    }

    private void splicePages() {
        pipe.write(HEADER, 0);
        for (int i = 0; i < PAGES; i++) {
            pipe.spliceFrom(disk, i, 0, 4096);
        }
    }

    private long reply() {
        return device.spliceWrite(pipe, REPLY, SpliceFlags.MOVE, request);
    }

    @Test
    void movesCleanPagesOfAFile() {
        int[] frames = new int[PAGES];
        for (int i = 0; i < PAGES; i++) {
            frames[i] = page(disk, i).number();
        }
        splicePages();
        assertThat(reply()).isEqualTo(REPLY);
        assertThat(tally.count(Outcome.MOVED, FuseReason.MOVED)).isEqualTo(PAGES);
        for (int i = 0; i < PAGES; i++) {
            PageFrame page = page(fuse, i);
            assertThat(page.number()).isEqualTo(frames[i]);
            assertThat(page.refCount()).isEqualTo(1);
            assertThat(page.is(PageFlag.LOCKED)).isFalse();
            assertThat(page.is(PageFlag.LRU)).isTrue();
            assertThat(disk.find(i)).as("no longer the other file's").isNull();
        }
        assertThat(fuse.sizeBytes()).isEqualTo(1 << 20);
        assertThat(fuse.attributeInvalidations()).isEqualTo(1);
        assertArrivedAndNothingLeft();
    }

    @Test
    void copiesWithoutTheMoveFlag() {
        splicePages();
        device.spliceWrite(pipe, REPLY, 0, request);
        assertCopied(PAGES, FuseReason.MOVE_NOT_REQUESTED);
    }

    @Test
    void copiesWhereThePagesMayNotBeReplaced() {
        endRequest();
        request = FuseRequest.readPages(kernel, fuse, 0, PAGES, false);
        splicePages();
        reply();
        assertCopied(PAGES, FuseReason.PAGES_NOT_REPLACEABLE);
    }

    @Test
    void copiesWhatDoesNotFillThePage() {
        splicePages();
        long result = device.spliceWrite(pipe, HEADER + 4096 + 512, SpliceFlags.MOVE, request);
        assertThat(result).isEqualTo(HEADER + 4096 + 512);
        assertThat(tally.count(Outcome.MOVED, FuseReason.MOVED)).isEqualTo(1);
        assertThat(tally.count(Outcome.COPIED, FuseReason.NOT_WHOLE_PAGE)).isEqualTo(1);
        assertThat(tally.offered()).isEqualTo(2);
        assertThat(page(fuse, 1).grain(0)).isEqualTo(stamp(1));
        assertThat(page(fuse, 1).grain(1)).as("zeroed").isZero();
        assertThat(page(fuse, 3).is(PageFlag.UPTODATE)).isTrue();
        assertThat(fuse.sizeBytes()).as("a short read is the end of the file").isEqualTo(4096 + 512);
        assertThat(pipe.buffers())
                .as("the rest of the buffer stays in the pipe")
                .isEqualTo(3);
        assertNothingLeft();
    }

    @Test
    void copiesWhileTheHeadersBufferHasSomethingLeft() {
        pipe.write(HEADER + 512, 0);
        pipe.spliceFrom(disk, 0, 0, 3584);
        assertThat(device.spliceWrite(pipe, HEADER + 4096, SpliceFlags.MOVE, request))
                .isEqualTo(HEADER + 4096);
        assertThat(tally.count(Outcome.COPIED, FuseReason.BUFFER_LEFT_OVER)).isEqualTo(1);
        assertThat(page(fuse, 0).grain(0))
                .as("the header's page goes on with it")
                .isEqualTo(1);
        assertThat(page(fuse, 0).grain(1)).isEqualTo(stamp(0));
        assertNothingLeft();
    }

    @Test
    void copiesFromABufferThatIsNotAWholePage() {
        pipe.write(HEADER, 0);
        pipe.spliceFrom(disk, 0, 0, 512);
        pipe.spliceFrom(disk, 0, 512, 3584);
        device.spliceWrite(pipe, HEADER + 4096, SpliceFlags.MOVE, request);
        assertThat(tally.count(Outcome.COPIED, FuseReason.BUFFER_LENGTH)).isEqualTo(1);
        assertThat(page(fuse, 0).grain(7)).isEqualTo(stamp(0) + 7);
        assertNothingLeft();
    }

    @Test
    void failsIfTheBufferCannotBeConfirmed() {
        splicePages();
        page(disk, 2).clear(PageFlag.UPTODATE);
        assertThat(reply()).isEqualTo(Errno.EIO.result());
        assertThat(tally.count(Outcome.MOVED, FuseReason.MOVED)).isEqualTo(2);
        assertThat(tally.count(Outcome.FAILED, FuseReason.NOT_CONFIRMED)).isEqualTo(1);
        assertThat(page(fuse, 0).is(PageFlag.ERROR)).isTrue();
        assertNothingLeft();
    }

    @Test
    void failsIfThePageWasTruncatedBeforeItWasRead() {
        splicePages();
        PageFrame page = page(disk, 0);
        page.clear(PageFlag.UPTODATE);
        disk.truncate();
        assertThat(reply()).isEqualTo(Errno.ENODATA.result());
        assertThat(tally.count(Outcome.FAILED, FuseReason.NOT_CONFIRMED)).isEqualTo(1);
        assertNothingLeft();
    }

    @Test
    void copiesAPageThatSomebodyElseHolds() {
        PageFrame held = page(disk, 1);
        held.get();
        splicePages();
        reply();
        assertThat(tally.count(Outcome.COPIED, FuseReason.NOT_STOLEN)).isEqualTo(1);
        assertThat(disk.find(1)).isSameAs(held);
        assertThat(held.is(PageFlag.LOCKED)).isFalse();
        held.put();
        assertArrivedAndNothingLeft();
    }

    @ParameterizedTest
    @EnumSource(
            value = PageFlag.class,
            names = {"DIRTY", "PRIVATE"})
    void copiesAPageThatItsFileCannotLetGo(PageFlag flag) {
        splicePages();
        page(disk, 1).set(flag);
        reply();
        assertThat(tally.count(Outcome.COPIED, FuseReason.NOT_STOLEN)).isEqualTo(1);
        assertArrivedAndNothingLeft();
    }

    @Test
    void waitsForWritebackAndMoves() {
        splicePages();
        page(disk, 1).set(PageFlag.WRITEBACK);
        reply();
        assertThat(tally.count(Outcome.MOVED, FuseReason.MOVED)).isEqualTo(PAGES);
        assertArrivedAndNothingLeft();
    }

    @Test
    void failsIfTheStolenPageIsNotUpToDateAndLeavesItLocked() {
        pipe.write(HEADER, 0);
        pipe.write(4096, stamp(0)); // a page that was written into the pipe is never marked
        assertThat(device.spliceWrite(pipe, HEADER + 4096, SpliceFlags.MOVE, request))
                .isEqualTo(Errno.EIO.result());
        assertThat(tally.count(Outcome.FAILED, FuseReason.NOT_UPTODATE)).isEqualTo(1);
        assertThat(kernel.log().count(Warning.FUSE_NEW_PAGE_NOT_UPTODATE)).isEqualTo(1);
        assertThat(kernel.log().count(Defect.PAGE_LEFT_LOCKED)).isEqualTo(1);
        assertThat(kernel.log().count(Warning.BAD_PAGE_STATE)).isEqualTo(1);
        pipe.close();
        assertNothingInUse();
    }

    @ParameterizedTest
    @EnumSource(PageFlag.class)
    void aStolenPageMayHaveSixFlagsOnly(PageFlag flag) {
        pipe.write(HEADER, 0);
        pipe.write(4096, stamp(0));
        PageFrame page = pipe.at(1).page();
        page.set(PageFlag.UPTODATE);
        page.set(flag);
        assertThat(device.spliceWrite(pipe, HEADER + 4096, SpliceFlags.MOVE, request))
                .isEqualTo(HEADER + 4096);
        boolean allowed = switch (flag) {
            case LOCKED, REFERENCED, UPTODATE, LRU, ACTIVE, RECLAIM, MAPPEDTODISK -> true;
            default -> false;
        };
        assertThat(tally.count(Outcome.MOVED, FuseReason.MOVED)).isEqualTo(allowed ? 1 : 0);
        assertThat(tally.count(Outcome.COPIED, FuseReason.WEIRD_FLAGS)).isEqualTo(allowed ? 0 : 1);
        assertThat(kernel.log().count(Warning.FUSE_WEIRD_PAGE)).isEqualTo(allowed ? 0 : 1);
        assertThat(page(fuse, 0).grain(0)).isEqualTo(stamp(0));
        assertNothingLeft();
    }

    @Test
    void aGiftedAnonymousPageIsWeird() {
        gift(true, page -> {});
        assertThat(tally.count(Outcome.COPIED, FuseReason.WEIRD_MAPPING)).isEqualTo(1);
        assertThat(kernel.log().count(Warning.FUSE_WEIRD_PAGE)).isEqualTo(1);
        assertThat(page(fuse, 0).grain(0)).isEqualTo(stamp(0));
    }

    @Test
    void aPageThatIsStillMappedCannotBeStolen() {
        gift(false, page -> {});
        assertThat(tally.count(Outcome.COPIED, FuseReason.NOT_STOLEN)).isEqualTo(1);
    }

    @Test
    void aMappedPageIsWeird() {
        // Who maps a page holds it, so it would not have been stolen: only a kernel whose counts are wrong comes here.
        assertThatThrownBy(() -> gift(true, PageFrame::addMapping))
                .isInstanceOf(KernelBugException.class)
                .hasMessageContaining("a mapped page is freed");
        assertThat(tally.count(Outcome.COPIED, FuseReason.WEIRD_MAPPED)).isEqualTo(1);
    }

    /** Replies with one page of a process, which is unmapped there or not. */
    private void gift(boolean unmapped, Consumer<PageFrame> weird) {
        AddressSpace mm = kernel.newAddressSpace();
        mm.mmap(4096, 8192, Set.of(Vma.Flag.WRITE));
        mm.writePage(4096, stamp(0));
        pipe.write(HEADER, 0);
        new Vmsplice(kernel, VmspliceVariant.FIXED, new Tally<>(GiftReason.class), new Tally<>(MoveReason.class))
                .toPipe(
                        mm,
                        pipe,
                        List.of(Iovec.ofPages(4096, 1)),
                        SpliceFlags.GIFT | (unmapped ? SpliceFlags.MOVE : 0));
        weird.accept(pipe.at(1).page());
        assertThat(device.spliceWrite(pipe, HEADER + 4096, SpliceFlags.MOVE, request) >= 0)
                .isTrue();
        mm.exit();
    }

    @Test
    void aPageThatSomebodyLooksAtJustThenIsWeird() {
        splicePages();
        hazards.next(Hazard.SPECULATIVE_REFERENCE);
        reply();
        assertThat(tally.count(Outcome.COPIED, FuseReason.WEIRD_COUNT)).isEqualTo(1);
        assertThat(kernel.log().count(Warning.FUSE_WEIRD_PAGE)).isEqualTo(1);
        assertArrivedAndNothingLeft();
    }

    @ParameterizedTest
    @EnumSource(
            value = PageFlag.class,
            names = {"PRIVATE", "DIRTY", "WRITEBACK", "MLOCKED"})
    void theOldPageMayNotBeInUse(PageFlag flag) {
        page(fuse, 1).set(flag);
        splicePages();
        PageFrame stolen = page(disk, 1);
        reply();
        FuseReason reason = switch (flag) {
            case PRIVATE -> FuseReason.OLD_PAGE_PRIVATE;
            case DIRTY -> FuseReason.OLD_PAGE_DIRTY;
            case WRITEBACK -> FuseReason.OLD_PAGE_WRITEBACK;
            default -> FuseReason.OLD_PAGE_MLOCKED;
        };
        Warning warning = switch (flag) {
            case PRIVATE -> Warning.FUSE_OLD_PAGE_PRIVATE;
            case DIRTY, WRITEBACK -> Warning.FUSE_OLD_PAGE_DIRTY;
            default -> Warning.FUSE_OLD_PAGE_MLOCKED;
        };
        assertThat(tally.count(Outcome.COPIED, reason)).isEqualTo(1);
        assertThat(kernel.log().count(warning)).isEqualTo(1);
        assertThat(stolen.incarnation()).as("the other file has lost it").isEqualTo(1);
        assertArrivedAndNothingLeft();
    }

    @Test
    void theOldPageMayNotBeMapped() {
        AddressSpace mm = kernel.newAddressSpace();
        mm.mmapFile(4096, 8192, Set.of(Vma.Flag.SHARED), fuse, 1);
        mm.access(4096, false);
        splicePages();
        reply();
        assertThat(tally.count(Outcome.COPIED, FuseReason.OLD_PAGE_MAPPED)).isEqualTo(1);
        assertThat(kernel.log().count(Warning.FUSE_OLD_PAGE_MAPPED)).isEqualTo(1);
        assertThat(mm.read(4096)).isEqualTo(stamp(1));
        mm.exit();
        assertArrivedAndNothingLeft();
    }

    @Test
    void copiesIntoAPageThatIsNobodysIfTheCacheIsFilledInBetween() {
        splicePages();
        PageFrame old = page(fuse, 0);
        hazards.next(Hazard.PAGE_CACHE_REPOPULATED);
        assertThat(reply()).isEqualTo(REPLY);
        assertThat(tally.count(Outcome.COPIED, FuseReason.REPOPULATED)).isEqualTo(1);
        assertThat(kernel.log().count(Warning.FUSE_ADD_FAILED)).isEqualTo(1);
        assertThat(kernel.log().count(Defect.REPLY_NOT_CACHED)).isEqualTo(1);
        assertThat(old.incarnation()).as("freed with the request").isEqualTo(1);
        assertThat(page(fuse, 0).grain(0)).as("what the other reader had read").isZero();
        assertThat(page(fuse, 1).grain(0)).isEqualTo(stamp(1));
        assertNothingLeft();
    }

    @Test
    void copiesIntoAPageThatIsNobodysWithoutMemoryForTheCache() {
        splicePages();
        hazards.next(Hazard.PAGE_CACHE_ALLOCATION);
        assertThat(reply()).isEqualTo(REPLY);
        assertThat(tally.count(Outcome.COPIED, FuseReason.ADD_WITHOUT_MEMORY)).isEqualTo(1);
        assertThat(fuse.find(0)).as("to be read again").isNull();
        assertThat(page(fuse, 1).grain(0)).isEqualTo(stamp(1));
        assertThat(fuse.attributeInvalidations())
                .as("by the pages that are left")
                .isEqualTo(1);
        assertNothingLeft();
    }

    @Test
    void aShortReadWhosePagesHaveAllLostTheirFileChangesNoSize() {
        endRequest();
        request = FuseRequest.readPages(kernel, fuse, 0, 1, true);
        pipe.write(HEADER, 0);
        pipe.spliceFrom(disk, 0, 0, 4096);
        hazards.next(Hazard.PAGE_CACHE_ALLOCATION);
        int before = fuse.attributeInvalidations();
        assertThat(device.spliceWrite(pipe, HEADER + 4096, SpliceFlags.MOVE, request))
                .isEqualTo(HEADER + 4096);
        assertThat(fuse.attributeInvalidations()).isEqualTo(before);
        assertThat(request.isEnded()).isTrue();
        assertNothingLeft();
    }

    @Test
    void aShortReadTakesTheFileFromAnyPageThatStillHasIt() {
        splicePages();
        hazards.next(Hazard.PAGE_CACHE_ALLOCATION);
        device.spliceWrite(pipe, HEADER + 4096 + 512, SpliceFlags.MOVE, request);
        assertThat(fuse.find(0)).isNull();
        assertThat(fuse.sizeBytes()).isEqualTo(4096 + 512);
        assertNothingLeft();
    }

    @Test
    void anAbortAfterTheAddFailsTheReplyAndLeavesTheNewPageInTheCache() {
        splicePages();
        hazards.next(Hazard.ABORT_AFTER_ADD);
        assertThat(reply()).isEqualTo(Errno.ENOENT.result());
        assertThat(tally.count(Outcome.FAILED, FuseReason.ABORTED)).isEqualTo(1);
        assertThat(page(fuse, 0).grain(0)).isEqualTo(stamp(0));
        assertThat(page(fuse, 0).refCount()).isEqualTo(1);
        assertThat(request.isEnded()).isTrue();
        assertNothingLeft();
    }

    @Test
    void anAbortWhileTheRequestIsUnlockedPullsTheOldPageAway() {
        splicePages();
        hazards.next(Hazard.ABORT_BEFORE_MOVE);
        assertThatThrownBy(this::reply)
                .isInstanceOf(KernelBugException.class)
                .hasMessageContaining("remove_from_page_cache");
        assertThat(kernel.log().count(Defect.ABORTED_WHILE_UNLOCKED)).isEqualTo(1);
    }

    @Test
    void anAbortIsSeenWhereTheCodeFallsBackToCopying() {
        PageFrame held = page(disk, 0);
        held.get();
        splicePages();
        request.abort();
        assertThat(reply()).isEqualTo(Errno.ENOENT.result());
        held.put();
        assertThat(tally.offered()).as("nobody waits any more").isZero();
        assertNothingLeft();
    }

    @Test
    void aReplyThatIsLongerThanThePipesContentIsRefusedAndTakesNothing() {
        splicePages();
        assertThat(device.spliceWrite(pipe, REPLY + 512, SpliceFlags.MOVE, request))
                .isEqualTo(Errno.EINVAL.result());
        assertThat(pipe.buffers()).isEqualTo(PAGES + 1);
        assertThat(request.isEnded()).isFalse();
        assertThat(reply()).isEqualTo(REPLY);
        assertArrivedAndNothingLeft();
    }

    @Test
    void aReplyThatIsLongerThanTheRequestEndsItWithAnError() {
        splicePages();
        pipe.write(512, 0);
        assertThat(device.spliceWrite(pipe, REPLY + 512, SpliceFlags.MOVE, request))
                .isEqualTo(Errno.EINVAL.result());
        assertThat(request.isEnded()).isTrue();
        assertThat(page(fuse, 0).is(PageFlag.ERROR)).isTrue();
        assertNothingLeft();
    }

    private void assertCopied(int pages, FuseReason reason) {
        assertThat(tally.count(Outcome.COPIED, reason)).isEqualTo(pages);
        assertThat(tally.offered()).isEqualTo(pages);
        assertArrivedAndNothingLeft();
    }

    private void assertArrivedAndNothingLeft() {
        for (int i = 0; i < PAGES; i++) {
            PageFrame page = page(fuse, i);
            assertThat(page.is(PageFlag.UPTODATE)).isTrue();
            for (int grain = 0; grain < PageFrame.GRAINS; grain++) {
                assertThat(page.grain(grain)).isEqualTo(stamp(i) + grain);
            }
        }
        assertNothingLeft();
    }

    private void assertNothingLeft() {
        pipe.close();
        assertNothingInUse();
        assertThat(kernel.log().count(Warning.BAD_PAGE_STATE)).isZero();
    }

    private void assertNothingInUse() {
        if (!request.isEnded()) {
            endRequest();
        }
        disk.truncate();
        fuse.truncate();
        assertThat(kernel.allocator().inUse()).isZero();
    }

    private void endRequest() {
        request.end();
        fuse.truncate();
    }

    private static PageFrame page(PageCache file, long index) {
        @Nullable PageFrame page = file.find(index);
        return Objects.requireNonNull(page);
    }
}
