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

import java.util.Collections;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Seed 004: the call itself, its errors, its writer's half, and an old kernel. */
final class VmspliceCallTest {
    private static final int UNKNOWN_FLAG = 16;

    @Test
    void anOldKernelIgnoresTheFlagAndCopies() {
        VmspliceBench bench = VmspliceBench.of(VmspliceVariant.STOCK);
        bench.write(Iovec.ofPages(SOURCE, PAGES), BOTH);
        assertThat(bench.gifts.count(Outcome.COPIED, GiftReason.FLAG_IGNORED)).isEqualTo(PAGES);
        assertThat(bench.read(Iovec.ofPages(DESTINATION, PAGES), SpliceFlags.MOVE))
                .isEqualTo(PAGES * 4096L);
        assertThat(bench.moves.count(Outcome.COPIED, MoveReason.FLAG_IGNORED)).isEqualTo(PAGES);
        assertThat(bench.writer.read(source(0))).as("the writer still has it").isEqualTo(stamp(0));
        assertThat(bench.mapped(bench.writer, source(0))).isNotSameAs(bench.mapped(bench.reader, destination(0)));
        bench.assertArrived(7, 7);
        bench.assertNothingLeft();
    }

    @Test
    void onAnOldKernelAWriteAfterTheGiftArrives() {
        VmspliceBench bench = VmspliceBench.of(VmspliceVariant.STOCK);
        bench.gift(0);
        bench.writer.write(source(0), 5);
        bench.move(0);
        assertThat(bench.reader.read(destination(0))).isEqualTo(5);
    }

    @ParameterizedTest
    @EnumSource(VmspliceVariant.class)
    void aDescriptorThatIsNoPipeIsABadOne(VmspliceVariant variant) {
        VmspliceBench bench = VmspliceBench.of(variant);
        List<Iovec> memory = List.of(Iovec.ofPages(SOURCE, 1));
        assertThat(bench.vmsplice.toPipe(bench.writer, null, memory, 0)).isEqualTo(Errno.EBADF.result());
        assertThat(bench.vmsplice.toUser(bench.reader, null, memory, 0)).isEqualTo(Errno.EBADF.result());
    }

    @ParameterizedTest
    @EnumSource(VmspliceVariant.class)
    void tooManyPiecesAreInvalid(VmspliceVariant variant) {
        VmspliceBench bench = VmspliceBench.of(variant);
        List<Iovec> memory = Collections.nCopies(1025, Iovec.ofPages(SOURCE, 1));
        assertThat(bench.vmsplice.toPipe(bench.writer, bench.pipe, memory, 0)).isEqualTo(Errno.EINVAL.result());
        assertThat(bench.vmsplice.toUser(bench.reader, bench.pipe, memory, 0)).isEqualTo(Errno.EINVAL.result());
        assertThat(bench.vmsplice.toPipe(bench.writer, bench.pipe, memory.subList(1, 1025), 0))
                .isPositive();
        bench.assertNothingLeft();
    }

    @ParameterizedTest
    @EnumSource(VmspliceVariant.class)
    void noMemoryAtAllIsZeroBytes(VmspliceVariant variant) {
        VmspliceBench bench = VmspliceBench.of(variant);
        assertThat(bench.vmsplice.toPipe(bench.writer, bench.pipe, List.of(), BOTH))
                .isZero();
        assertThat(bench.vmsplice.toUser(bench.reader, bench.pipe, List.of(), BOTH))
                .isZero();
        assertThat(bench.write(new Iovec(SOURCE, 0), BOTH)).isZero();
        assertThat(bench.read(new Iovec(DESTINATION, 0), BOTH)).isZero();
    }

    @ParameterizedTest
    @EnumSource(VmspliceVariant.class)
    void flagsThatDoNotExistAreInvalidToday(VmspliceVariant variant) {
        VmspliceBench bench = VmspliceBench.of(variant);
        long expected = variant == VmspliceVariant.AS_POSTED ? 4096 : Errno.EINVAL.result();
        assertThat(bench.write(Iovec.ofPages(SOURCE, 1), UNKNOWN_FLAG)).isEqualTo(expected);
    }

    @ParameterizedTest
    @EnumSource(VmspliceVariant.class)
    void memoryThatIsNotMappedIsAFault(VmspliceVariant variant) {
        VmspliceBench bench = VmspliceBench.of(variant);
        assertThat(bench.write(Iovec.ofPages(source(PAGES), 1), BOTH)).isEqualTo(Errno.EFAULT.result());
        assertThat(bench.gifts.count(Outcome.FAILED, GiftReason.NOT_MAPPED)).isEqualTo(1);
        assertThat(bench.write(Iovec.ofPages(source(PAGES - 1), 2), BOTH)).isEqualTo(4096);
        bench.assertNothingLeft();
    }

    @ParameterizedTest
    @EnumSource(VmspliceVariant.class)
    void theReaderGetsWhatWasDoneBeforeAFault(VmspliceVariant variant) {
        VmspliceBench bench = VmspliceBench.of(variant);
        bench.write(Iovec.ofPages(SOURCE, 2), 0);
        assertThat(bench.read(Iovec.ofPages(destination(PAGES - 1), 2), 0)).isEqualTo(4096);
        assertThat(bench.pipe.buffers()).isEqualTo(1);
        assertThat(bench.read(Iovec.ofPages(destination(PAGES), 1), 0)).isEqualTo(Errno.EFAULT.result());
        bench.assertNothingLeft();
    }

    @ParameterizedTest
    @EnumSource(VmspliceVariant.class)
    void aFullPipeTakesNoMore(VmspliceVariant variant) {
        VmspliceBench bench = VmspliceBench.of(variant);
        for (int i = 0; i < 3; i++) {
            assertThat(bench.write(Iovec.ofPages(SOURCE, PAGES), BOTH))
                    .isEqualTo(i < 2 ? PAGES * 4096L : Errno.EAGAIN.result());
        }
        assertThat(bench.gifts.offered()).isEqualTo(16);
        bench.assertNothingLeft();
    }

    @ParameterizedTest
    @EnumSource(VmspliceVariant.class)
    void onlyWhatIsInThePipeLeavesTheWriter(VmspliceVariant variant) {
        VmspliceBench bench = VmspliceBench.of(variant);
        Pipe small = bench.kernel.newPipe(3);
        assertThat(bench.vmsplice.toPipe(bench.writer, small, List.of(Iovec.ofPages(SOURCE, PAGES)), BOTH))
                .isEqualTo(3 * 4096);
        assertThat(bench.writer.mappedPage(source(2)) == null).isEqualTo(variant != VmspliceVariant.STOCK);
        assertThat(bench.writer.mappedPage(source(3))).isNotNull();
        small.close();
        bench.assertNothingLeft();
    }

    @ParameterizedTest
    @EnumSource(VmspliceVariant.class)
    void aPipeThatNobodyReadsIsBroken(VmspliceVariant variant) {
        VmspliceBench bench = VmspliceBench.of(variant);
        bench.pipe.closeReader();
        assertThat(bench.gift(0)).isEqualTo(Errno.EPIPE.result());
    }

    @ParameterizedTest
    @EnumSource(VmspliceVariant.class)
    void anEmptyPipeIsAtItsEndOnceNobodyWrites(VmspliceVariant variant) {
        VmspliceBench bench = VmspliceBench.of(variant);
        assertThat(bench.move(0)).isEqualTo(Errno.EAGAIN.result());
        bench.pipe.closeWriter();
        assertThat(bench.move(0)).isZero();
    }

    @Test
    void in2013AGiftThatIsNotWholePagesIsInvalid() {
        VmspliceBench bench = VmspliceBench.of(VmspliceVariant.AS_POSTED);
        assertThat(bench.write(new Iovec(SOURCE + 512, 4096), BOTH)).isEqualTo(Errno.EINVAL.result());
        assertThat(bench.write(new Iovec(SOURCE, 512), SpliceFlags.GIFT)).isEqualTo(Errno.EINVAL.result());
        assertThat(bench.gifts.count(Outcome.FAILED, GiftReason.GIFT_NOT_ALIGNED))
                .isEqualTo(2);
        assertThat(bench.write(new Iovec(SOURCE, 512), SpliceFlags.MOVE)).isEqualTo(512);
        List<Iovec> second = List.of(Iovec.ofPages(SOURCE, 2), new Iovec(SOURCE, 512));
        assertThat(bench.vmsplice.toPipe(bench.writer, bench.pipe, second, BOTH))
                .isEqualTo(2 * 4096);
        bench.assertNothingLeft();
    }

    @Test
    void todayAnUnalignedPieceKeepsAllBehindItMapped() {
        VmspliceBench bench = VmspliceBench.of(VmspliceVariant.FIXED);
        List<Iovec> memory =
                List.of(Iovec.ofPages(SOURCE, 1), new Iovec(source(1) + 512, 512), Iovec.ofPages(source(2), 1));
        assertThat(bench.vmsplice.toPipe(bench.writer, bench.pipe, memory, BOTH))
                .isEqualTo(2 * 4096 + 512);
        assertThat(bench.gifts.count(Outcome.MOVED, GiftReason.UNMAPPED)).isEqualTo(1);
        assertThat(bench.gifts.count(Outcome.COPIED, GiftReason.UNALIGNED)).isEqualTo(2);
        bench.assertNothingLeft();
    }

    @ParameterizedTest
    @EnumSource(
            value = VmspliceVariant.class,
            names = {"AS_POSTED", "FIXED"})
    void pagesMoveFromManyPiecesToMany(VmspliceVariant variant) {
        VmspliceBench bench = VmspliceBench.of(variant);
        List<Iovec> from = List.of(Iovec.ofPages(source(4), 2), Iovec.ofPages(source(0), 3));
        List<Iovec> to = List.of(Iovec.ofPages(destination(7), 1), Iovec.ofPages(destination(0), 4));
        assertThat(bench.vmsplice.toPipe(bench.writer, bench.pipe, from, BOTH)).isEqualTo(5 * 4096);
        assertThat(bench.vmsplice.toUser(bench.reader, bench.pipe, to, SpliceFlags.MOVE))
                .isEqualTo(5 * 4096);
        assertThat(bench.moves.count(Outcome.MOVED, MoveReason.MOVED)).isEqualTo(5);
        bench.assertArrived(7, 4);
        bench.assertArrived(0, 5);
        bench.assertArrived(1, 0);
        bench.assertArrived(3, 2);
        bench.assertNothingLeft();
    }

    @Test
    void in2013APageThatIsNamedTwiceGoesInTwiceAndMovesOnce() {
        VmspliceBench bench = VmspliceBench.of(VmspliceVariant.AS_POSTED);
        List<Iovec> twice = List.of(Iovec.ofPages(source(0), 1), Iovec.ofPages(source(0), 1));
        assertThat(bench.vmsplice.toPipe(bench.writer, bench.pipe, twice, BOTH)).isEqualTo(2 * 4096);
        bench.move(0);
        bench.move(1);
        assertThat(bench.moves.count(Outcome.MOVED, MoveReason.MOVED)).isEqualTo(1);
        assertThat(bench.moves.count(Outcome.COPIED, MoveReason.STILL_MAPPED)).isEqualTo(1);
        bench.assertArrived(0, 0);
        bench.assertArrived(1, 0);
        bench.assertNothingLeft();
    }

    @Test
    void aMoveTakesNoMemory() {
        VmspliceBench bench = VmspliceBench.of(VmspliceVariant.FIXED);
        int before = bench.kernel.allocator().inUse();
        bench.kernel.allocator().resetPeak();
        bench.write(Iovec.ofPages(SOURCE, PAGES), BOTH);
        bench.read(Iovec.ofPages(DESTINATION, PAGES), SpliceFlags.MOVE);
        assertThat(bench.kernel.allocator().peakInUse()).isEqualTo(before);
        bench.fillSource();
        assertThat(bench.kernel.allocator().peakInUse()).isEqualTo(before + PAGES);
    }

    @Test
    void addressesAndLengthsAreWholeGrains() {
        assertThatThrownBy(() -> new Iovec(1, 512)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new Iovec(512, 1)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new Iovec(-512, 512)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void mappingsMayNotOverlap() {
        VmspliceBench bench = VmspliceBench.of(VmspliceVariant.STOCK);
        assertThatThrownBy(() -> bench.writer.mmap(SOURCE, SOURCE + 4096, Set.of()))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> bench.writer.mmap(512, 4096, Set.of())).isInstanceOf(IllegalArgumentException.class);
    }
}
