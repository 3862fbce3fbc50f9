package io.pageflip.send;

import static org.assertj.core.api.Assertions.assertThat;

import io.pageflip.memory.PageBitmap;
import io.pageflip.ram.Backing;
import io.pageflip.ram.BlockSpec;
import io.pageflip.request.Mechanism;
import io.pageflip.request.Schedule;
import java.util.Locale;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class SendPlanTest {
    /** Pages 3 and 4 of 6 are pinned. */
    @ParameterizedTest
    @CsvSource({"0, 6, 3", "0, 2, 2", "2, 1, 1", "2, 4, 1", "3, 3, 2", "3, 1, 1", "4, 2, 1", "5, 1, 1"})
    void aRunEndsWherePinnedPagesBeginOrEnd(long first, int most, int expected) {
        PageBitmap pinned = new PageBitmap(6);
        pinned.add(3, 2);

        assertThat(SendPlan.sameKind(pinned, first, most)).isEqualTo(expected);
    }

    /** {@code even}: a block of whole pages; {@code odd}: one with a part of a page at its end. */
    @ParameterizedTest
    @CsvSource({
        // mechanism, gifts, backing, block, page: way, reason
        "FLIP, true, MEMFD, even, whole, FLIP,",
        "FLIP, true, MEMFD, odd, whole, FLIP,",
        "FLIP, true, MEMFD, odd, part, BYTES, not-page-sized",
        "FLIP, true, HUGETLB, even, whole, FLIP,",
        "FLIP, true, HUGETLB, odd, whole, FLIP,",
        "FLIP, true, HUGETLB, odd, part, BYTES, not-page-sized",
        "FLIP, true, ANONYMOUS, even, whole, BYTES, private-memory",
        "FLIP, true, ANONYMOUS, odd, whole, BYTES, private-memory",
        "FLIP, true, ANONYMOUS, odd, part, BYTES, not-page-sized",
        "FLIP, false, MEMFD, even, whole, BYTES, not-gifted",
        "FLIP, false, MEMFD, odd, whole, BYTES, not-gifted",
        "FLIP, false, MEMFD, odd, part, BYTES, not-page-sized",
        "FLIP, false, HUGETLB, even, whole, BYTES, not-gifted",
        "FLIP, false, HUGETLB, odd, whole, BYTES, not-gifted",
        "FLIP, false, HUGETLB, odd, part, BYTES, not-page-sized",
        "FLIP, false, ANONYMOUS, even, whole, BYTES, private-memory",
        "FLIP, false, ANONYMOUS, odd, whole, BYTES, private-memory",
        "FLIP, false, ANONYMOUS, odd, part, BYTES, not-page-sized",
        "GIFT, true, MEMFD, even, whole, GIFT,",
        "GIFT, true, MEMFD, odd, whole, BYTES, not-page-sized",
        "GIFT, true, MEMFD, odd, part, BYTES, not-page-sized",
        "GIFT, true, HUGETLB, even, whole, GIFT,",
        "GIFT, true, HUGETLB, odd, whole, BYTES, not-page-sized",
        "GIFT, true, HUGETLB, odd, part, BYTES, not-page-sized",
        "GIFT, true, ANONYMOUS, even, whole, GIFT,",
        "GIFT, true, ANONYMOUS, odd, whole, BYTES, not-page-sized",
        "GIFT, true, ANONYMOUS, odd, part, BYTES, not-page-sized",
        "GIFT, false, MEMFD, even, whole, GIFT, not-gifted",
        "GIFT, false, MEMFD, odd, whole, BYTES, not-page-sized",
        "GIFT, false, MEMFD, odd, part, BYTES, not-page-sized",
        "GIFT, false, HUGETLB, even, whole, GIFT, not-gifted",
        "GIFT, false, HUGETLB, odd, whole, BYTES, not-page-sized",
        "GIFT, false, HUGETLB, odd, part, BYTES, not-page-sized",
        "GIFT, false, ANONYMOUS, even, whole, GIFT, not-gifted",
        "GIFT, false, ANONYMOUS, odd, whole, BYTES, not-page-sized",
        "GIFT, false, ANONYMOUS, odd, part, BYTES, not-page-sized",
        "FUSE, true, FILE, even, whole, FUSE,",
        "FUSE, true, FILE, odd, whole, FUSE,",
        "FUSE, true, FILE, odd, part, BYTES, not-page-sized",
        "FUSE, true, MEMFD, even, whole, BYTES, not-stealable",
        "FUSE, true, MEMFD, odd, part, BYTES, not-page-sized",
        "FUSE, true, HUGETLB, odd, whole, BYTES, not-stealable",
        "FUSE, true, ANONYMOUS, odd, whole, BYTES, private-memory",
        "FUSE, true, ANONYMOUS, odd, part, BYTES, not-page-sized",
        "FUSE, false, FILE, even, whole, FUSE, not-gifted",
        "FUSE, false, MEMFD, even, whole, BYTES, not-stealable",
        "FUSE, false, ANONYMOUS, odd, whole, BYTES, private-memory",
    })
    void movingMechanisms(
            Mechanism mechanism, boolean gifts, Backing backing, String block, String page, String way, String reason) {
        assertRoute(mechanism, gifts, backing, block, page, way, reason);
    }

    /** They take every page alike. */
    @Test
    void copyingMechanisms() {
        for (Backing backing : Backing.values()) {
            for (boolean gifts : new boolean[] {true, false}) {
                assertRoute(Mechanism.STREAM, gifts, backing, "even", "whole", "BYTES", "mechanism-copies");
                assertRoute(Mechanism.STREAM, gifts, backing, "odd", "whole", "BYTES", "mechanism-copies");
                assertRoute(Mechanism.STREAM, gifts, backing, "odd", "part", "BYTES", "mechanism-copies");
                assertRoute(Mechanism.PULL, gifts, backing, "even", "whole", "PULL", "mechanism-copies");
                assertRoute(Mechanism.PULL, gifts, backing, "odd", "whole", "PULL", "mechanism-copies");
                assertRoute(Mechanism.PULL, gifts, backing, "odd", "part", "PULL", "mechanism-copies");
            }
        }
    }

    private static void assertRoute(
            Mechanism mechanism, boolean gifts, Backing backing, String block, String page, String way, String reason) {
        long bytes = 3L * backing.pageBytes() + (block.equals("odd") ? 1000 : 0);
        BlockSpec spec = new BlockSpec(block, bytes, backing);
        SendPlan.Route route = SendPlan.route(mechanism, Schedule.STOP_AND_MOVE, gifts, spec, page.equals("whole"));
        assertThat(route.way() + " " + (route.reason() == null ? "" : route.reason()))
                .as("%s gifts=%s %s %s %s"
                        .formatted(mechanism, gifts, backing, block, page)
                        .toLowerCase(Locale.ROOT))
                .isEqualTo(way + " " + (reason == null ? "" : reason));
    }
}
