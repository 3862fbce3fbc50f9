package io.pageflip.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pageflip.kernel.SpecialPages.Architecture;
import java.util.Arrays;
import java.util.Objects;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Seed 002: each condition of {@code vm_insert_pages_mkspecial}, what it counts, and what its caller must do. */
final class SpecialPagesTest {
    private static final long START = 4 * PageTable.SPAN - 12 * 4096; // 12 pages before the end of a page table page
    private static final int ROOM = 40;

    private final ScriptedHazards hazards = new ScriptedHazards();
    private final Kernel kernel = new Kernel(128, hazards);
    private final AddressSpace io = kernel.newAddressSpace();
    private final AddressSpace user = kernel.newAddressSpace();
    private final Vma vma = user.mmapFile(
            START, START + ROOM * 4096L, Set.of(Vma.Flag.SHARED, Vma.Flag.WRITE), kernel.newFile(1 << 20), 0);
    private final PageCache file = kernel.newFile(1 << 20);
    private final Tally<InsertReason> tally = new Tally<>(InsertReason.class);

    SpecialPagesTest() {
        user.mmapWriteLock();
    }

    private SpecialPages special(Architecture architecture) {
        return new SpecialPages(kernel, architecture, tally);
    }

    private InsertResult insert(long address, PageFrame... pages) {
        return special(Architecture.BATCHED).insert(vma, address, pages, 0, pages.length);
    }

    /** Pages of a file that are being read: locked. */
    private PageFrame[] lockedPages(int count) {
        PageFrame[] pages = new PageFrame[count];
        for (int i = 0; i < count; i++) {
            pages[i] = file.populate(i, stamp(i));
            pages[i].lock();
        }
        return pages;
    }

    private PageFrame anonymousPage(int index) {
        long at = index * 4096L;
        io.mmap(at, at + 4096, Set.of(Vma.Flag.WRITE));
        io.writePage(at, stamp(index));
        return Objects.requireNonNull(io.mappedPage(at));
    }

    private static long stamp(int page) {
        return 1000L * (page + 1);
    }

    @Test
    void insertsPagesThatAreLockedWithoutCountingThem() {
        PageFrame[] pages = lockedPages(3);
        assertThat(insert(START, pages)).isEqualTo(new InsertResult(0, 0));
        assertThat(tally.count(Outcome.MOVED, InsertReason.INSERTED)).isEqualTo(3);
        for (int i = 0; i < 3; i++) {
            assertThat(pages[i].refCount()).isEqualTo(1);
            assertThat(pages[i].mapCount()).isZero();
            assertThat(user.read(START + i * 4096L)).isEqualTo(stamp(i));
        }
        assertThat(vma.is(Vma.Flag.MIXEDMAP)).isTrue();
        special(Architecture.BATCHED).zap(vma, START, 3);
        assertThat(user.mappedPage(START)).isNull();
        assertNothingLeft(pages);
    }

    @Test
    void insertsAPageUnderWriteback() {
        PageFrame page = file.populate(0, stamp(0));
        page.set(PageFlag.WRITEBACK);
        assertThat(insert(START, page).result()).isZero();
    }

    @Test
    void refusesAFilesPageThatIsNeitherLockedNorUnderWriteback() {
        assertThat(insert(START, file.populate(0, 0))).isEqualTo(new InsertResult(Errno.EINVAL.result(), 1));
        assertThat(tally.count(Outcome.FAILED, InsertReason.NOT_LOCKED)).isEqualTo(1);
    }

    @Test
    void insertsAnAnonymousPageThatIsPinned() {
        PageFrame page = anonymousPage(0);
        page.get();
        assertThat(insert(START, page).result()).isZero();
        assertThat(page.refCount()).isEqualTo(2);
        assertThat(page.mapCount()).isEqualTo(1);
        special(Architecture.BATCHED).zap(vma, START, 1);
        page.put();
        assertNothingLeft();
    }

    @Test
    void refusesAnAnonymousPageThatIsNotPinned() {
        assertThat(insert(START, anonymousPage(0)).result()).isEqualTo(Errno.EINVAL.result());
        assertThat(tally.count(Outcome.FAILED, InsertReason.NOT_PINNED)).isEqualTo(1);
    }

    @ParameterizedTest
    @CsvSource({"false, 0, false", "false, 1, true", "true, 0, false", "true, 1, false", "true, 2, true"})
    void theSwapCachesReferencesAreNoPin(boolean hasPrivate, int extra, boolean inserted) {
        anonymousPage(0);
        io.swapOut(0);
        AddressSpace child = io.fork(); // keeps the page in the swap cache
        io.read(0);
        PageFrame page = Objects.requireNonNull(io.mappedPage(0));
        assertThat(page.is(PageFlag.SWAPCACHE)).isTrue();
        if (hasPrivate) {
            page.set(PageFlag.PRIVATE);
        }
        for (int i = 0; i < extra; i++) {
            page.get();
        }
        assertThat(insert(START, page).result()).isEqualTo(inserted ? 0 : Errno.EINVAL.result());
        special(Architecture.BATCHED).zap(vma, START, 1);
        for (int i = 0; i < extra; i++) {
            page.put();
        }
        child.exit();
        assertNothingLeft();
    }

    @Test
    void refusesSharedMemory() {
        PageFrame page = kernel.newSharedMemory(4096).populate(0, 0);
        page.lock();
        assertThat(insert(START, page).result()).isEqualTo(Errno.EINVAL.result());
        assertThat(tally.count(Outcome.FAILED, InsertReason.SHARED_MEMORY)).isEqualTo(1);
    }

    @Test
    void refusesAnEntryThatIsTaken() {
        PageFrame[] pages = lockedPages(2);
        assertThat(insert(START + 4096, pages[0]).result()).isZero();
        assertThat(insert(START, pages)).isEqualTo(new InsertResult(Errno.EBUSY.result(), 1));
        assertThat(tally.count(Outcome.FAILED, InsertReason.ENTRY_TAKEN)).isEqualTo(1);
    }

    @Test
    void looksAtThePageBeforeTheEntry() {
        insert(START, lockedPages(1));
        assertThat(insert(START, anonymousPage(0)).result()).isEqualTo(Errno.EINVAL.result());
    }

    @ParameterizedTest
    @CsvSource({"-1, 1", "40, 1", "39, 2", "0, 41"})
    void refusesAllOfARangeThatIsNotWithinTheMapping(int page, int count) {
        PageFrame[] pages = lockedPages(count);
        assertThat(insert(START + page * 4096L, pages)).isEqualTo(new InsertResult(Errno.EFAULT.result(), count));
        assertThat(tally.count(Outcome.FAILED, InsertReason.OUT_OF_RANGE)).isEqualTo(1);
        assertThat(tally.count(Outcome.FAILED, InsertReason.NOT_REACHED)).isEqualTo(count - 1);
        assertThat(vma.is(Vma.Flag.MIXEDMAP)).isFalse();
    }

    @Test
    void testsNoAlignment() {
        PageFrame[] pages = lockedPages(1);
        assertThat(insert(START + 512, pages).result()).isZero();
        assertThat(kernel.log().count(Defect.UNALIGNED_ADDRESS)).isEqualTo(1);
        assertThat(user.read(START)).as("before the address").isEqualTo(stamp(0));
    }

    @Test
    void leavesInNumWhatIsNotInsertedAfterAnErrorInTheMiddle() {
        PageFrame[] pages = lockedPages(20);
        pages[13].unlock();
        assertThat(insert(START, pages)).isEqualTo(new InsertResult(Errno.EINVAL.result(), 7));
        assertThat(tally.count(Outcome.MOVED, InsertReason.INSERTED)).isEqualTo(13);
        assertThat(tally.count(Outcome.FAILED, InsertReason.NOT_LOCKED)).isEqualTo(1);
        assertThat(tally.count(Outcome.FAILED, InsertReason.NOT_REACHED)).isEqualTo(6);
        assertThat(user.mappedPage(START + 12 * 4096)).isSameAs(pages[12]);
        assertThat(user.mappedPage(START + 13 * 4096)).isNull();
        pages[13].lock();
        assertThat(special(Architecture.BATCHED).insert(vma, START + 13 * 4096, pages, 13, 7))
                .as("the caller goes on from there")
                .isEqualTo(new InsertResult(0, 0));
        user.mmapWriteUnlock();
        assertThat(user.anyLockHeld()).isFalse();
    }

    @ParameterizedTest
    @CsvSource({"1, 1", "8, 1", "9, 2", "12, 2", "13, 3", "20, 3", "28, 4"})
    void takesTheLockOnceABatchOfEightWithinAPageTablePage(int count, int locks) {
        insert(START, lockedPages(count));
        assertThat(user.pageTable().locksTaken()).isEqualTo(locks);
    }

    @Test
    void failsWithoutMemoryForThePageTable() {
        hazards.next(Hazard.PAGE_TABLE_ALLOCATION);
        assertThat(insert(START, lockedPages(2))).isEqualTo(new InsertResult(Errno.ENOMEM.result(), 2));
        assertThat(tally.count(Outcome.FAILED, InsertReason.NO_PAGE_TABLE)).isEqualTo(1);
    }

    @Test
    void failsInTheMiddleWithoutMemoryForTheSecondPageTable() {
        PageFrame[] pages = lockedPages(14);
        insert(START, pages[0]);
        hazards.next(Hazard.PAGE_TABLE_ALLOCATION);
        InsertResult result = special(Architecture.BATCHED).insert(vma, START + 4096, pages, 1, 13);
        assertThat(result).isEqualTo(new InsertResult(Errno.ENOMEM.result(), 2));
    }

    @Test
    void failsWithoutMemoryForTheUpperLevels() {
        hazards.next(Hazard.PMD_ALLOCATION);
        assertThat(insert(START, lockedPages(2))).isEqualTo(new InsertResult(Errno.EFAULT.result(), 2));
        assertThat(tally.count(Outcome.FAILED, InsertReason.NO_PMD)).isEqualTo(1);
    }

    @Test
    void noPagesAreInserted() {
        assertThat(insert(START)).isEqualTo(new InsertResult(0, 0));
        assertThat(tally.offered()).isZero();
    }

    @Test
    void assertsThatTheLockIsHeldForWriting() {
        user.mmapWriteUnlock();
        PageFrame[] pages = lockedPages(1);
        assertThatThrownBy(() -> insert(START, pages))
                .isInstanceOf(KernelBugException.class)
                .hasMessageContaining("trylock");
    }

    @Test
    void assertsNothingOnceTheMappingIsMixed() {
        insert(START, lockedPages(1));
        user.mmapWriteUnlock();
        PageFrame page = file.populate(5, 0);
        page.lock();
        assertThat(insert(START + 4096, page).result()).isZero();
        assertThat(kernel.log().count(Defect.LOCK_NOT_ASSERTED)).isEqualTo(1);
    }

    @Test
    void assertsThatTheMappingHoldsNoBareFrameNumbers() {
        vma.set(Vma.Flag.PFNMAP);
        PageFrame[] pages = lockedPages(1);
        assertThatThrownBy(() -> insert(START, pages))
                .isInstanceOf(KernelBugException.class)
                .hasMessageContaining("PFNMAP");
    }

    @Test
    void aHugePageThatIsMappedPageByPagePassesForPinned() {
        io.mmapHuge(8 * 4096, 16 * 4096, 8, false);
        PageFrame page = Objects.requireNonNull(io.mappedPage(8 * 4096));
        assertThat(page.refCount()).as("nobody but its own mappings").isEqualTo(8);
        assertThat(insert(START, page).result()).isZero();
        assertThat(kernel.log().count(Defect.COMPOUND_PASSES_FOR_PINNED)).isEqualTo(1);
    }

    @Test
    void aPageThatGoesAwayBeforeTheZapIsSeenAsWhateverItBecomes() {
        PageFrame[] pages = lockedPages(1);
        insert(START, pages);
        int incarnation = pages[0].incarnation();
        pages[0].unlock();
        file.truncate();
        assertThat(pages[0].incarnation()).isGreaterThan(incarnation);
        assertThat(user.mappedPage(START)).as("still mapped").isSameAs(pages[0]);
        PageFrame reused = anonymousPage(7);
        assertThat(reused).isSameAs(pages[0]);
        assertThat(user.read(START)).as("another process's content").isEqualTo(stamp(7));
        user.write(START, 5);
        io.write(7 * 4096, 6);
        assertThat(user.read(START)).isEqualTo(6);
    }

    @Test
    void aSpecialPageCannotBeTakenByGetUserPages() {
        insert(START, lockedPages(1));
        assertThat(user.getUserPage(START)).isNull();
    }

    @ParameterizedTest
    @EnumSource(Architecture.class)
    void dependsOnTheArchitecture(Architecture architecture) {
        PageFrame[] pages = Arrays.copyOf(lockedPages(3), 3);
        InsertResult result = special(architecture).insert(vma, START + (ROOM - 2) * 4096L, pages, 0, 3);
        assertThat(result)
                .isEqualTo(
                        switch (architecture) {
                            case BATCHED -> new InsertResult(Errno.EFAULT.result(), 3);
                            case ONE_BY_ONE -> new InsertResult(Errno.EFAULT.result(), 1);
                            case NONE -> new InsertResult(Errno.EINVAL.result(), 3);
                        });
        assertThat(tally.offered()).isEqualTo(3);
    }

    @Test
    void pageByPageNoPagesAtAllAreInvalid() {
        assertThat(special(Architecture.ONE_BY_ONE).insert(vma, START, new PageFrame[0], 0, 0))
                .isEqualTo(new InsertResult(Errno.EINVAL.result(), 0));
    }

    @Test
    void pageByPageALockIsTakenForEach() {
        PageFrame[] pages = lockedPages(9);
        special(Architecture.ONE_BY_ONE).insert(vma, START, pages, 0, 9);
        assertThat(user.pageTable().locksTaken()).isEqualTo(9);
    }

    private void assertNothingLeft(PageFrame... locked) {
        for (PageFrame page : locked) {
            page.unlock();
        }
        user.mmapWriteUnlock();
        assertThat(user.anyLockHeld()).isFalse();
        user.exit();
        io.exit();
        file.truncate();
        assertThat(kernel.allocator().inUse()).isZero();
        assertThat(kernel.swapSlotsInUse()).isZero();
        assertThat(kernel.log().count(Warning.BAD_PAGE_STATE)).isZero();
    }
}
