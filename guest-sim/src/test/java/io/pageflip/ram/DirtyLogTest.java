package io.pageflip.ram;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pageflip.memory.PageBitmap;
import io.pageflip.testkit.Tasks;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

public final class DirtyLogTest {
    private static final List<BlockSpec> BLOCKS = List.of(
            new BlockSpec("ram", 130 * 4096, Backing.MEMFD),
            new BlockSpec("huge", 3 * (2 << 20), Backing.HUGETLB),
            new BlockSpec("odd", 4096 + 512, Backing.ANONYMOUS));

    private final DirtyLog log = new DirtyLog(BLOCKS);

    @Test
    void notesNothingWhileItIsOff() {
        log.written(0, 5);
        assertThatThrownBy(() -> log.take(0)).isInstanceOf(IllegalStateException.class);
        log.start(block -> true);
        assertThat(log.take(0).cardinality()).isZero();
    }

    @Test
    void aPageIsTakenOnceForAnyNumberOfWrites() {
        log.start(block -> true);
        log.written(0, 0);
        log.written(0, 129);
        log.written(0, 129);
        log.written(2, 1);
        assertThat(pages(log.take(0))).containsExactly(0L, 129L);
        assertThat(log.take(0).cardinality()).isZero();
        assertThat(pages(log.take(2))).as("each block by itself").containsExactly(1L);
        log.written(0, 129);
        assertThat(pages(log.take(0))).containsExactly(129L);
    }

    @Test
    void isInTheBlocksOwnPages() {
        log.start(block -> true);
        log.written(1, 511);
        log.written(1, 2 * 512);
        assertThat(pages(log.take(1))).containsExactly(0L, 2L);
        assertThat(log.take(1).pages()).isEqualTo(3);
    }

    @Test
    void ofABlockThatIsNotLoggedSomePagesMayBe() {
        PageBitmap some = new PageBitmap(130);
        some.add(64, 2);
        log.start(block -> block == 2, block -> block == 0 ? some : PageBitmap.empty(0));
        log.written(0, 63);
        log.written(0, 66);
        log.written(1, 0);
        assertThat(log.isEmpty(0)).isTrue();
        log.written(0, 65);
        log.written(2, 0);
        assertThat(log.isEmpty(0)).isFalse();
        assertThat(pages(log.take(0))).containsExactly(65L);
        assertThat(log.isEmpty(1)).isTrue();
        assertThat(pages(log.take(2))).as("all of the others").containsExactly(0L);
        log.close();
        log.start(block -> true);
        log.written(0, 63);
        assertThat(pages(log.take(0))).as("all of them the next time").containsExactly(63L);
    }

    @Test
    void startsEmptyAgainAfterAClose() {
        log.start(block -> true);
        log.written(0, 7);
        log.close();
        log.written(0, 8);
        log.start(block -> true);
        assertThat(log.take(0).cardinality()).isZero();
    }

    @Test
    void isStartedOnce() {
        log.start(block -> true);
        assertThatThrownBy(() -> log.start(block -> true)).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void losesNothingBetweenWritersThatShareItsWords() {
        int writers = 3;
        int rounds = 20_000;
        long[] latest = new long[130]; // plain: only the log's bit makes it known
        log.start(block -> true);
        List<Tasks<Integer>> tasks = new ArrayList<>();
        for (int w = 0; w < writers; w++) {
            int writer = w;
            tasks.add(Tasks.start("writer " + writer, () -> {
                for (int round = 1; round <= rounds; round++) {
                    int page = (round * 7 % 43) * writers + writer;
                    latest[page] = round;
                    log.written(0, page);
                }
                return rounds;
            }));
        }
        long[] copy = new long[latest.length];
        while (!tasks.stream().allMatch(Tasks::isDone)) {
            copyTaken(latest, copy);
        }
        tasks.forEach(Tasks::await);
        copyTaken(latest, copy);
        assertThat(copy).isEqualTo(latest);
    }

    private void copyTaken(long[] from, long[] to) {
        for (long page : pages(log.take(0))) {
            to[(int) page] = from[(int) page];
        }
    }

    public static List<Long> pages(PageBitmap set) {
        List<Long> pages = new ArrayList<>();
        for (long page = set.nextSet(0); page < set.pages(); page = set.nextSet(page + 1)) {
            pages.add(page);
        }
        return pages;
    }

    @Test
    void onlyTheBlocksThatAreAskedForAreLogged() {
        log.start(block -> block == 1);
        log.written(0, 3);
        assertThat(log.isEmpty(0)).isTrue();
        assertThat(log.isEmpty(1)).isTrue();
        log.written(1, 3);
        assertThat(log.isEmpty(1)).isFalse();
        assertThat(log.take(1).cardinality()).isEqualTo(1);
        assertThat(log.isEmpty(1)).isTrue();
    }
}
