package io.pageflip.ledger;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.pageflip.memory.PageRange;
import io.pageflip.metrics.CopyReason;
import io.pageflip.metrics.DeclineReason;
import io.pageflip.metrics.PageCounts;
import io.pageflip.ram.Backing;
import io.pageflip.ram.BlockSpec;
import io.pageflip.wire.ProtocolException;
import java.util.List;
import java.util.Map;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class PageLedgerTest {
    private static final int RAM = 0;
    private static final int ROM = 1;

    /** 100 pages, and 3 pages of which the last is a part. */
    private final PageLedger ledger = new PageLedger(
            List.of(
                    new BlockSpec("ram", 100 * 4096, Backing.MEMFD),
                    new BlockSpec("rom", 2 * 4096 + 512, Backing.ANONYMOUS)),
            false);

    private static void assertRefused(ThrowingCallable call, String message) {
        assertThatExceptionOfType(ProtocolException.class).isThrownBy(call).withMessage(message);
    }

    @Test
    void countsEveryPageOnce() throws ProtocolException {
        ledger.moved(RAM, new PageRange(0, 60));
        ledger.declined(RAM, new PageRange(60, 10), DeclineReason.ALREADY_PRESENT);
        ledger.declined(RAM, new PageRange(70, 5), DeclineReason.NO_MAPPING);
        ledger.declined(RAM, new PageRange(75, 5), DeclineReason.ALREADY_PRESENT);
        ledger.zero(RAM, new PageRange(80, 3));
        ledger.copied(ROM, new PageRange(0, 2), CopyReason.PRIVATE_MEMORY);
        ledger.copied(ROM, new PageRange(2, 1), CopyReason.NOT_PAGE_SIZED);
        ledger.close(List.of(17L, 0L));
        assertThat(ledger.counts(RAM))
                .isEqualTo(
                        new PageCounts(100, 60, 0, 20, 20, Map.of(), Map.of("already-present", 15L, "no-mapping", 5L)));
        assertThat(ledger.counts(ROM))
                .isEqualTo(new PageCounts(3, 0, 3, 0, Map.of("private-memory", 2L, "not-page-sized", 1L)));
        assertThat(ledger.counts(RAM).addsUp()).isTrue();
        assertThat(ledger.moved(RAM).cardinality()).isEqualTo(60);
    }

    @Test
    void whereCopiesMayComeAgainTheLastTimeCounts() throws ProtocolException {
        PageLedger precopy = new PageLedger(List.of(new BlockSpec("ram", 100 * 4096, Backing.ANONYMOUS)), true);
        precopy.copied(RAM, new PageRange(0, 50), CopyReason.NOT_GIFTED);
        precopy.zero(RAM, new PageRange(50, 10));
        precopy.copied(RAM, new PageRange(45, 10), CopyReason.NOT_GIFTED); // five again, five that were zero
        precopy.zero(RAM, new PageRange(0, 3));
        assertThat(precopy.wasCopied(RAM, 0)).isFalse();
        assertThat(precopy.wasCopied(RAM, 3)).isTrue();
        precopy.copied(RAM, new PageRange(10, 2), CopyReason.NOT_PAGE_SIZED);
        precopy.undecided(RAM, new PageRange(20, 4)); // the last round gifts
        precopy.undecided(RAM, new PageRange(60, 1)); // and this page is new
        precopy.decideGifted(RAM, 2);
        precopy.close(List.of(39L));
        assertThat(precopy.counts(RAM))
                .isEqualTo(new PageCounts(
                        100, 2, 51, 47, Map.of("not-gifted", 46L, "not-page-sized", 2L, "kernel-declined", 3L)));
        assertThat(precopy.counts(RAM).addsUp()).isTrue();
    }

    @Test
    void whatWasGivenAwayNeverComesAgain() throws ProtocolException {
        PageLedger precopy = new PageLedger(List.of(new BlockSpec("ram", 100 * 4096, Backing.ANONYMOUS)), true);
        precopy.copied(RAM, new PageRange(0, 2), CopyReason.NOT_GIFTED);
        precopy.undecided(RAM, new PageRange(0, 1));
        precopy.moved(RAM, new PageRange(1, 1));
        assertRefused(() -> precopy.undecided(RAM, new PageRange(0, 1)), "pages 0+1 of RAM block ram were sent twice");
        assertRefused(() -> precopy.zero(RAM, new PageRange(1, 1)), "pages 1+1 of RAM block ram were sent twice");
        assertRefused(
                () -> precopy.copied(RAM, new PageRange(0, 1), CopyReason.NOT_GIFTED),
                "pages 0+1 of RAM block ram were sent twice");
    }

    /** Its source takes a declined page for moved. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void whatWasDeclinedNeverComesAgain(boolean resends) throws ProtocolException {
        PageLedger handover = new PageLedger(List.of(new BlockSpec("ram", 100 * 4096, Backing.MEMFD)), resends);
        handover.declined(RAM, new PageRange(3, 2), DeclineReason.NO_MAPPING);
        assertThat(handover.wasCopied(RAM, 3)).isFalse();
        assertRefused(() -> handover.moved(RAM, new PageRange(4, 1)), "pages 4+1 of RAM block ram were sent twice");
        assertRefused(() -> handover.zero(RAM, new PageRange(3, 1)), "pages 3+1 of RAM block ram were sent twice");
        assertRefused(
                () -> handover.declined(RAM, new PageRange(2, 2), DeclineReason.NO_MAPPING),
                "pages 2+2 of RAM block ram were sent twice");
    }

    @ParameterizedTest
    @CsvSource({"0, 0, 1", "0, 99, 1", "0, 0, 100", "1, 2, 1", "1, 0, 3"})
    void aRangeWithinItsBlockIsAllowed(int block, long first, long count) throws ProtocolException {
        ledger.checkRange(block, first, count);
        ledger.moved(block, new PageRange(first, count));
        assertThat(ledger.moved(block).cardinality()).isEqualTo(count);
    }

    @ParameterizedTest
    @CsvSource({
        "0, 100, 1",
        "0, 99, 2",
        "0, 0, 101",
        "0, -1, 1",
        "0, 0, 0",
        "0, 5, -1",
        "0, 9223372036854775807, 1",
        "0, 9223372036854775807, 2147483647",
        "0, -9223372036854775808, 2147483647",
    })
    void aRangeOutsideIsRefused(int block, long first, long count) {
        assertRefused(
                () -> ledger.checkRange(block, first, count),
                "pages " + first + "+" + count + " of RAM block ram, which has 100");
    }

    @Test
    void anUnknownBlockIsRefused() {
        assertRefused(() -> ledger.checkRange(2, 0, 1), "RAM block number 2 of 2");
        assertRefused(() -> ledger.checkRange(65_535, 0, 1), "RAM block number 65535 of 2");
    }

    @Test
    void aPageThatIsToldTwiceIsRefusedHowever() throws ProtocolException {
        ledger.moved(RAM, new PageRange(10, 10));
        assertRefused(() -> ledger.moved(RAM, new PageRange(19, 2)), "pages 19+2 of RAM block ram were sent twice");
        assertRefused(
                () -> ledger.copied(RAM, new PageRange(10, 1), CopyReason.NOT_GIFTED),
                "pages 10+1 of RAM block ram were sent twice");
        assertRefused(() -> ledger.zero(RAM, new PageRange(0, 11)), "pages 0+11 of RAM block ram were sent twice");
        assertRefused(() -> ledger.undecided(RAM, new PageRange(15, 1)), "pages 15+1 of RAM block ram were sent twice");
    }

    @Test
    void theSamePageOfAnotherBlockIsAnotherPage() throws ProtocolException {
        ledger.moved(RAM, new PageRange(0, 1));
        ledger.moved(ROM, new PageRange(0, 1));
        assertThat(ledger.moved(ROM).get(0)).isTrue();
    }

    @Test
    void missingPagesAreRefused() throws ProtocolException {
        ledger.moved(RAM, new PageRange(0, 99));
        ledger.moved(ROM, new PageRange(0, 3));
        assertRefused(() -> ledger.close(List.of(0L, 0L)), "RAM block ram has 100 pages; 99 were sent and 0 are holes");
    }

    @Test
    void tooManyHolesAreRefused() throws ProtocolException {
        ledger.moved(RAM, new PageRange(0, 99));
        ledger.moved(ROM, new PageRange(0, 3));
        assertRefused(() -> ledger.close(List.of(2L, 0L)), "RAM block ram has 100 pages; 99 were sent and 2 are holes");
        assertRefused(
                () -> ledger.close(List.of(Long.MAX_VALUE, 0L)),
                "RAM block ram has 100 pages; 99 were sent and 9223372036854775807 are holes");
    }

    @Test
    void anEndForOtherBlocksIsRefused() {
        assertRefused(() -> ledger.close(List.of(100L)), "an END for 1 RAM blocks of 2");
        assertRefused(() -> ledger.close(List.of(100L, 3L, 0L)), "an END for 3 RAM blocks of 2");
    }

    @ParameterizedTest
    @CsvSource({"0, 40", "15, 25", "40, 0"})
    void undecidedPagesAreMovedOrDeclined(long same, long declined) throws ProtocolException {
        ledger.undecided(RAM, new PageRange(0, 40));
        ledger.copied(RAM, new PageRange(40, 60), CopyReason.NOT_PAGE_SIZED);
        ledger.copied(ROM, new PageRange(0, 3), CopyReason.PRIVATE_MEMORY);
        ledger.close(List.of(0L, 0L));
        assertThat(ledger.undecided(RAM).cardinality()).isEqualTo(40);
        assertThat(ledger.moved(RAM).cardinality()).isZero();
        ledger.decideGifted(RAM, same);
        ledger.decideGifted(ROM, 0);
        Map<String, Long> reasons = declined == 0
                ? Map.of("not-page-sized", 60L)
                : Map.of("not-page-sized", 60L, "kernel-declined", declined);
        assertThat(ledger.counts(RAM)).isEqualTo(new PageCounts(100, same, 60 + declined, 0, reasons));
        assertThat(ledger.counts(RAM).addsUp()).isTrue();
        assertThat(ledger.counts(ROM).addsUp()).isTrue();
    }

    @Test
    void countsDoNotAddUpBeforeTheyAreDecided() throws ProtocolException {
        ledger.undecided(ROM, new PageRange(0, 3));
        assertThat(ledger.counts(ROM).addsUp()).isFalse();
    }

    @Test
    void postcopyPagesAreCopiedOrZero() throws ProtocolException {
        PageLedger late = new PageLedger(List.of(new BlockSpec("ram", 100 * 4096, Backing.MEMFD)), true);
        late.copied(RAM, new PageRange(0, 50), CopyReason.MECHANISM_COPIES);
        late.zero(RAM, new PageRange(50, 10));
        assertThat(late.hasPostcopyPages()).isFalse();
        late.postcopy(RAM, new PageRange(40, 15));
        late.postcopy(RAM, new PageRange(70, 5));
        assertThat(late.hasPostcopyPages()).isTrue();
        late.close(List.of(35L));
        late.postcopyCopied(RAM, 12, CopyReason.MECHANISM_COPIES);
        assertThat(late.counts(RAM)).isEqualTo(new PageCounts(100, 0, 52, 48, Map.of("mechanism-copies", 52L)));
    }
}
