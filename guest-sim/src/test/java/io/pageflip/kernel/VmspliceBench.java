package io.pageflip.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Objects;
import java.util.Set;

/**
 * A writer, a pipe and a reader on one machine: 8 pages of anonymous memory each, of which the writer's hold stamps.
 */
final class VmspliceBench {
    static final int PAGES = 8;
    static final long SOURCE = PageTable.SPAN - 4L * PageFrame.SIZE; // across two page table pages
    static final long DESTINATION = 16 * PageTable.SPAN;
    static final int BOTH = SpliceFlags.GIFT | SpliceFlags.MOVE;

    final ScriptedHazards hazards = new ScriptedHazards();
    final Kernel kernel = new Kernel(256, hazards);
    final AddressSpace writer = kernel.newAddressSpace();
    final AddressSpace reader = kernel.newAddressSpace();
    final Pipe pipe = kernel.newPipe(16);
    final Tally<GiftReason> gifts = new Tally<>(GiftReason.class);
    final Tally<MoveReason> moves = new Tally<>(MoveReason.class);
    final Vmsplice vmsplice;

    VmspliceBench(VmspliceVariant variant) {
        vmsplice = new Vmsplice(kernel, variant, gifts, moves);
    }

    /** With the usual memory on both sides. */
    static VmspliceBench of(VmspliceVariant variant) {
        VmspliceBench bench = new VmspliceBench(variant);
        bench.writer.mmap(SOURCE, SOURCE + PAGES * 4096L, Set.of(Vma.Flag.WRITE));
        bench.fillSource();
        bench.mapReader(Vma.Flag.WRITE);
        return bench;
    }

    Vma mapReader(Vma.Flag... flags) {
        return reader.mmap(DESTINATION, DESTINATION + PAGES * 4096L, Set.of(flags));
    }

    void fillSource() {
        for (int i = 0; i < PAGES; i++) {
            assertThat(writer.writePage(source(i), stamp(i))).isTrue();
        }
    }

    static long source(int page) {
        return SOURCE + page * 4096L;
    }

    static long destination(int page) {
        return DESTINATION + page * 4096L;
    }

    static long stamp(int page) {
        return 1000L * (page + 1);
    }

    long gift(int page) {
        return write(Iovec.ofPages(source(page), 1), BOTH);
    }

    long write(Iovec memory, int flags) {
        return vmsplice.toPipe(writer, pipe, List.of(memory), flags);
    }

    long move(int page) {
        return read(Iovec.ofPages(destination(page), 1), SpliceFlags.MOVE);
    }

    long read(Iovec memory, int flags) {
        return vmsplice.toUser(reader, pipe, List.of(memory), flags);
    }

    PageFrame mapped(AddressSpace mm, long address) {
        return Objects.requireNonNull(mm.mappedPage(address));
    }

    PageFrame inPipe() {
        return Objects.requireNonNull(pipe.peek()).page();
    }

    long defects(Defect defect) {
        return kernel.log().count(defect);
    }

    /** The one decision that the reader's half has taken. */
    void assertDecided(Outcome outcome, MoveReason reason) {
        assertThat(moves.count(outcome, reason)).as("%s, %s", outcome, reason).isEqualTo(1);
        assertThat(moves.offered()).isEqualTo(1);
    }

    void assertArrived(int destinationPage, int sourcePage) {
        for (int i = 0; i < PageFrame.GRAINS; i++) {
            assertThat(reader.read(destination(destinationPage) + i * 512L)).isEqualTo(stamp(sourcePage) + i);
        }
    }

    /** Both processes end, and nothing is left of them. */
    void assertNothingLeft() {
        exit();
        assertThat(kernel.allocator().inUse()).as("frames").isZero();
        assertThat(kernel.swapSlotsInUse()).as("swap slots").isZero();
        assertThat(kernel.allocator().zeroPage().refCount())
                .as("references to the zero page")
                .isEqualTo(1);
        assertThat(kernel.log().count(Warning.BAD_PAGE_STATE)).isZero();
    }

    void exit() {
        assertThat(writer.anyLockHeld() || reader.anyLockHeld()).as("locks").isFalse();
        pipe.close();
        writer.exit();
        reader.exit();
    }
}
