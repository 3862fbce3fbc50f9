package io.pageflip.os;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.pageflip.testkit.HugePages;
import java.io.IOException;
import java.util.List;
import java.util.stream.LongStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

final class HugePagesIT {
    private static final int HUGE = 2 << 20;
    private static final int PAGES = 4;

    private static HugePages reserved;

    @BeforeAll
    static void reserve() throws IOException {
        reserved = HugePages.reserve(PAGES);
    }

    @AfterAll
    static void giveBack() {
        if (reserved != null) {
            reserved.close();
        }
    }

    private static MemFd ram() throws SyscallException {
        return MemFd.create("ram", PAGES * HUGE, true);
    }

    @Test
    void mappingTakesItsReservationAtOnce() throws IOException {
        long free = MemoryLimits.freeHugePages();
        try (MemFd file = ram();
                Mapping mapping = Mapping.shared(file);
                Mapping other = Mapping.shared(file)) {
            assertThat(free - MemoryLimits.freeHugePages())
                    .as("once, not for each mapping")
                    .isEqualTo(PAGES);
            mapping.populate(0, HUGE);
            assertThat(file.allocatedBytes()).isEqualTo(HUGE);
            assertThat(free - MemoryLimits.freeHugePages()).isEqualTo(PAGES);
            mapping.setLong(HUGE - 8, 3);
            assertThat(other.getLong(HUGE - 8)).isEqualTo(3);
        }
        assertThat(MemoryLimits.freeHugePages()).isEqualTo(free);
    }

    @Test
    void moreThanAreReservedCannotBeMapped() throws IOException {
        long pages = MemoryLimits.freeHugePages() + 1000;
        try (MemFd file = MemFd.create("ram", pages * HUGE, true)) {
            SyscallException e = catchThrowableOfType(SyscallException.class, () -> Mapping.shared(file));
            assertThat(e.errno()).isEqualTo(Errno.ENOMEM);
            assertThat(e).hasMessage("mmap ram of " + pages * HUGE + " bytes: ENOMEM");
        }
    }

    @Test
    void aContinuedHugePageIsTheSameFrame() throws IOException {
        try (MemFd file = ram();
                Mapping source = Mapping.shared(file);
                Mapping destination = Mapping.shared(file);
                Userfaultfd uffd = Userfaultfd.open(Userfaultfd.FEATURE_MINOR_HUGETLBFS)) {
            for (int page = 0; page < PAGES - 1; page++) { // the last one stays a hole
                source.setLong((long) page * HUGE + 4096, 40 + page);
            }
            uffd.registerMinor(destination);
            List<Long> before = entries(source);
            source.dropEntries(0, PAGES * HUGE);
            assertThat(entries(source)).noneMatch(Pagemap::present);
            assertThat(uffd.continueRange(destination, 0, PAGES * HUGE)).isEqualTo((PAGES - 1) * HUGE);
            assertThat(uffd.continueRange(destination, 0, HUGE)).isEqualTo(-Errno.EEXIST);
            assertThat(uffd.continueRange(destination, (PAGES - 1) * HUGE, HUGE))
                    .isEqualTo(-Errno.EFAULT);
            List<Long> after = entries(destination);
            for (int page = 0; page < PAGES - 1; page++) {
                assertThat(destination.getLong((long) page * HUGE + 4096)).isEqualTo(40 + page);
            }
            assumeTrue(Pagemap.frame(before.get(0)) != 0, "frame numbers are hidden: no CAP_SYS_ADMIN");
            for (int page = 0; page < PAGES - 1; page++) {
                assertThat(Pagemap.frame(after.get(page))).isNotZero().isEqualTo(Pagemap.frame(before.get(page)));
            }
        }
    }

    @Test
    void aPartOfAHugePageCannotBeContinuedAndIsNotDropped() throws IOException {
        try (MemFd file = ram();
                Mapping mapping = Mapping.shared(file);
                Userfaultfd uffd = Userfaultfd.open(Userfaultfd.FEATURE_MINOR_HUGETLBFS)) {
            mapping.populate(0, HUGE);
            uffd.registerMinor(mapping);
            mapping.dropEntries(0, 4096);
            assertThat(Pagemap.present(entries(mapping).get(0)))
                    .as("silently ignored")
                    .isTrue();
            SyscallException e =
                    catchThrowableOfType(SyscallException.class, () -> uffd.continueRange(mapping, 0, 4096));
            assertThat(e.errno()).isEqualTo(Errno.EINVAL);
        }
    }

    private static List<Long> entries(Mapping mapping) throws IOException {
        long[] entries = new long[PAGES];
        try (Pagemap pagemap = Pagemap.open()) {
            pagemap.read(mapping, 0, PAGES, HUGE, entries);
        }
        return LongStream.of(entries).boxed().toList();
    }
}
