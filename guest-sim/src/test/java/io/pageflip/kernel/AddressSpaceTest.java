package io.pageflip.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Objects;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** The memory management below the seeds: faults, fork, swap, KSM and huge pages. */
final class AddressSpaceTest {
    private static final long AT = 3 * 4096;

    private final Kernel kernel = new Kernel(32, Hazards.NONE);
    private final AddressSpace mm = kernel.newAddressSpace();

    private Vma map() {
        return mm.mmap(AT, AT + 4 * 4096, Set.of(Vma.Flag.WRITE));
    }

    @Test
    void aPageThatNobodyWroteIsTheZeroPage() {
        map();
        assertThat(mm.read(AT)).isZero();
        assertThat(mm.mappedPage(AT)).isSameAs(kernel.allocator().zeroPage());
        assertThat(kernel.allocator().inUse()).isZero();
        mm.write(AT + 512, 5);
        assertThat(mm.read(AT + 512)).isEqualTo(5);
        assertThat(kernel.allocator().inUse()).isEqualTo(1);
        assertNothingLeft();
    }

    @Test
    void whatMayNotBeWrittenIsNot() {
        mm.mmap(AT, AT + 4096, Set.of());
        assertThat(mm.write(AT, 1)).isFalse();
        assertThat(mm.write(AT - 4096, 1)).isFalse();
        assertThat(mm.read(AT)).isZero();
        assertThatThrownBy(() -> mm.read(AT - 4096)).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void findVmaFindsTheNextMappingAndLookupDoesNot() {
        Vma vma = map();
        assertThat(mm.findVma(0)).isSameAs(vma);
        assertThat(mm.lookupVma(0)).isNull();
        assertThat(mm.lookupVma(AT)).isSameAs(vma);
        assertThat(mm.lookupVma(vma.end() - 1)).isSameAs(vma);
        assertThat(mm.findVma(vma.end())).isNull();
    }

    @Test
    void afterAForkEachWritesACopyOfItsOwn() {
        map();
        mm.write(AT, 1);
        mm.write(AT + 4096, 2);
        AddressSpace child = mm.fork();
        assertThat(Objects.requireNonNull(mm.mappedPage(AT)).mapCount()).isEqualTo(2);
        mm.write(AT, 3);
        child.write(AT + 4096, 4);
        assertThat(child.read(AT)).isEqualTo(1);
        assertThat(mm.read(AT)).isEqualTo(3);
        assertThat(mm.read(AT + 4096)).isEqualTo(2);
        assertThat(child.read(AT + 4096)).isEqualTo(4);
        child.exit();
        assertNothingLeft();
    }

    @Test
    void theLastOwnerOfASharedPageWritesItInPlace() {
        map();
        mm.write(AT, 1);
        mm.fork().exit();
        PageFrame page = mm.mappedPage(AT);
        mm.write(AT, 2);
        assertThat(mm.mappedPage(AT)).isSameAs(page);
        assertNothingLeft();
    }

    @Test
    void aPageComesBackFromSwap() {
        map();
        mm.writePage(AT, 70);
        assertThat(mm.swapOut(AT)).isTrue();
        assertThat(mm.mappedPage(AT)).isNull();
        assertThat(kernel.allocator().inUse()).isZero();
        assertThat(kernel.swapSlotsInUse()).isEqualTo(1);
        assertThat(mm.read(AT + 3 * 512)).isEqualTo(73);
        assertThat(kernel.swapSlotsInUse()).isZero();
        assertThat(mm.swapOut(AT + 4096)).as("nothing there").isFalse();
        mm.mmap(0, 4096, Set.of(Vma.Flag.WRITE, Vma.Flag.LOCKED));
        mm.write(0, 1);
        assertThat(mm.swapOut(0)).as("locked memory").isFalse();
        assertNothingLeft();
    }

    @Test
    void aSwapEntryThatForkSharedLeadsBothToOnePage() {
        map();
        mm.writePage(AT, 70);
        mm.swapOut(AT);
        AddressSpace child = mm.fork();
        mm.read(AT);
        assertThat(kernel.swapSlotsInUse()).isEqualTo(1);
        child.read(AT);
        assertThat(child.mappedPage(AT)).isSameAs(mm.mappedPage(AT));
        assertThat(kernel.swapSlotsInUse()).isZero();
        child.write(AT, 1);
        assertThat(mm.read(AT)).isEqualTo(70);
        child.exit();
        assertNothingLeft();
    }

    @Test
    void ksmMergesEqualPagesAndAWriteParts() {
        map();
        mm.writePage(AT, 70);
        mm.writePage(AT + 4096, 70);
        mm.writePage(AT + 8192, 71);
        assertThat(Ksm.merge(mm, AT, mm, AT + 8192)).as("not equal").isFalse();
        assertThat(Ksm.merge(mm, AT, mm, AT + 4096)).isTrue();
        assertThat(kernel.allocator().inUse()).isEqualTo(2);
        PageFrame page = Objects.requireNonNull(mm.mappedPage(AT));
        assertThat(page.isKsm() && page.isAnon()).isTrue();
        mm.write(AT, 1);
        assertThat(mm.read(AT + 4096)).isEqualTo(70);
        mm.write(AT + 4096, 2);
        assertThat(mm.mappedPage(AT + 4096))
                .as("never written in place, not by its last owner either")
                .isNotSameAs(page);
        assertNothingLeft();
    }

    @Test
    void aHugePageIsFreedWithItsLastMapping() {
        Vma vma = mm.mmapHuge(8 * 4096, 16 * 4096, 8, false);
        PageFrame page = Objects.requireNonNull(mm.mappedPage(9 * 4096));
        assertThat(page.isCompound() && page.isTransHuge()).isTrue();
        assertThat(page.refCount()).isEqualTo(8);
        assertThat(page.mapCount()).isEqualTo(1);
        mm.zapPageRange(vma, 8 * 4096, 7 * 4096);
        assertThat(page.isMapped()).as("by its last page").isTrue();
        assertThat(kernel.allocator().inUse()).isEqualTo(8);
        mm.dontNeed(vma);
        assertThat(kernel.allocator().inUse()).isZero();
        assertThat(page.isCompound()).isFalse();
    }

    @Test
    void aPrivateMappingOfAFileIsCopiedWhenItIsWritten() {
        PageCache file = kernel.newFile(1 << 20);
        file.populate(2, 70);
        mm.mmapFile(AT, AT + 4096, Set.of(Vma.Flag.WRITE), file, 2);
        assertThat(mm.read(AT)).isEqualTo(70);
        mm.write(AT, 1);
        assertThat(Objects.requireNonNull(file.find(2)).grain(0)).isEqualTo(70);
        mm.exit();
        file.truncate();
        assertNothingLeft();
    }

    @Test
    void aSharedMappingOfAFileWritesIt() {
        PageCache file = kernel.newFile(1 << 20);
        mm.mmapFile(AT, AT + 4096, Set.of(Vma.Flag.WRITE, Vma.Flag.SHARED), file, 2);
        mm.read(AT);
        mm.write(AT, 1);
        PageFrame page = Objects.requireNonNull(file.find(2));
        assertThat(page.grain(0)).isEqualTo(1);
        assertThat(page.is(PageFlag.DIRTY)).isTrue();
        mm.exit();
        file.truncate();
        assertNothingLeft();
    }

    @Test
    void aMachineWithoutFramesFaults() {
        mm.mmap(0, 64 * 4096, Set.of(Vma.Flag.WRITE));
        for (int i = 0; i < 32; i++) {
            assertThat(mm.write(i * 4096L, 1)).isTrue();
        }
        assertThat(mm.write(32 * 4096, 1)).isFalse();
        assertNothingLeft();
    }

    @Test
    void countsThatGoWrongAreNoticed() {
        PageFrame page = Objects.requireNonNull(kernel.allocator().alloc());
        page.put();
        assertThatThrownBy(page::put).isInstanceOf(KernelBugException.class);
        assertThatThrownBy(page::get).isInstanceOf(KernelBugException.class);
        assertThatThrownBy(page::unlock).isInstanceOf(KernelBugException.class);
        assertThatThrownBy(page::removeMapping).isInstanceOf(KernelBugException.class);
        assertThatThrownBy(() -> kernel.swap().read(0)).isInstanceOf(IndexOutOfBoundsException.class);
    }

    private void assertNothingLeft() {
        mm.exit();
        assertThat(kernel.allocator().inUse()).isZero();
        assertThat(kernel.swapSlotsInUse()).isZero();
        assertThat(kernel.log().count(Warning.BAD_RSS_COUNTER)).isZero();
        assertThat(kernel.log().count(Warning.BAD_PAGE_STATE)).isZero();
    }
}
