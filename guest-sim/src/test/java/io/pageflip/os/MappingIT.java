package io.pageflip.os;

import static io.pageflip.os.Samples.PAGE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.io.IOException;
import java.util.List;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class MappingIT {
    private final NativeBuffer buffer = NativeBuffer.allocate(2 * PAGE);

    @Test
    void everyAccessStaysInBounds() throws SyscallException {
        try (Mapping mapping = Mapping.anonymous("memory", 2 * PAGE)) {
            List<ThrowingCallable> outside = List.of(
                    () -> mapping.getLong(-1),
                    () -> mapping.getLong(2 * PAGE - 7),
                    () -> mapping.getLong(Long.MAX_VALUE),
                    () -> mapping.getInt(2 * PAGE - 3),
                    () -> mapping.setLong(2 * PAGE, 1),
                    () -> mapping.setInt(-4, 1),
                    () -> mapping.copyIn(1, buffer, 2 * PAGE),
                    () -> mapping.copyIn(0, buffer, 1, 2 * PAGE),
                    () -> mapping.copyIn(-1, buffer, 1),
                    () -> mapping.copyIn(0, buffer, -1),
                    () -> mapping.copyOut(2 * PAGE, buffer, 1),
                    () -> mapping.matches(PAGE, buffer, PAGE + 1),
                    () -> mapping.isZero(PAGE, PAGE + 1),
                    () -> mapping.populate(0, 3 * PAGE),
                    () -> mapping.dropEntries(PAGE, Long.MAX_VALUE),
                    () -> mapping.dropEntries(Long.MAX_VALUE, PAGE));
            assertThat(outside)
                    .allSatisfy(access -> assertThatThrownBy(access).isInstanceOf(IndexOutOfBoundsException.class));
            assertThatThrownBy(() -> mapping.getLong(PAGE * 2)).hasMessage("memory of 8192 bytes: 8192+8");
        }
    }

    @Test
    void theLastBytesAreInBounds() throws SyscallException {
        try (Mapping mapping = Mapping.anonymous("memory", 2 * PAGE)) {
            mapping.setLong(2 * PAGE - 8, 0x1122_3344_5566_7788L);
            assertThat(mapping.getInt(2 * PAGE - 4)).isEqualTo(0x1122_3344);
            mapping.setInt(2 * PAGE - 4, -1);
            assertThat(mapping.getLong(2 * PAGE - 8)).isEqualTo(0xffff_ffff_5566_7788L);
            mapping.copyOut(0, buffer, 2 * PAGE);
            assertThat(buffer.bytes().getLong(2 * PAGE - 8)).isEqualTo(0xffff_ffff_5566_7788L);
            mapping.copyIn(PAGE, buffer, 2 * PAGE - 8, 8);
            assertThat(mapping.getLong(PAGE)).isEqualTo(0xffff_ffff_5566_7788L);
        }
    }

    @Test
    void isNotTouchedAfterItWasClosed() throws SyscallException {
        Mapping mapping = Mapping.anonymous("memory", PAGE);
        mapping.close();
        mapping.close();
        List<ThrowingCallable> uses = List.of(
                () -> mapping.getLong(0),
                () -> mapping.setLong(0, 1),
                () -> mapping.getInt(0),
                () -> mapping.setInt(0, 1),
                () -> mapping.copyIn(0, buffer, 8),
                () -> mapping.copyOut(0, buffer, 8),
                () -> mapping.matches(0, buffer, 8),
                () -> mapping.isZero(0, 8),
                () -> mapping.populate(0, PAGE),
                () -> mapping.dropEntries(0, PAGE));
        assertThat(uses)
                .allSatisfy(use -> assertThatThrownBy(use)
                        .isInstanceOf(IllegalStateException.class)
                        .hasMessage("memory is unmapped"));
    }

    @Test
    void matchesComparesEveryByte() throws SyscallException {
        try (Mapping mapping = Mapping.anonymous("memory", PAGE)) {
            for (int i = 0; i < PAGE; i++) {
                buffer.bytes().put(i, (byte) (i * 7));
            }
            mapping.copyIn(0, buffer, PAGE);
            assertThat(mapping.matches(0, buffer, PAGE)).isTrue();
            for (int i = 0; i < PAGE; i++) {
                buffer.bytes().put(i, (byte) (i * 7 + 1));
                assertThat(mapping.matches(0, buffer, PAGE)).as("byte %d", i).isFalse();
                assertThat(mapping.matches(0, buffer, i)).as("up to byte %d", i).isTrue();
                buffer.bytes().put(i, (byte) (i * 7));
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {8, 9, 16, 512, PAGE})
    void isZeroFindsEveryByteThatIsNot(int bytes) throws SyscallException {
        try (Mapping mapping = Mapping.anonymous("memory", 3 * PAGE)) {
            // What lies around the range must not count.
            mapping.setLong(PAGE - 8, -1);
            mapping.setLong(PAGE + bytes, -1);
            assertThat(mapping.isZero(PAGE, bytes)).isTrue();
            for (int i = 0; i < bytes; i++) {
                buffer.bytes().put(0, (byte) 1);
                mapping.copyIn(PAGE + i, buffer, 1);
                assertThat(mapping.isZero(PAGE, bytes)).as("byte %d", i).isFalse();
                buffer.bytes().put(0, (byte) 0);
                mapping.copyIn(PAGE + i, buffer, 1);
            }
            assertThat(mapping.isZero(PAGE, bytes)).isTrue();
        }
    }

    @Test
    void droppedEntriesOfASharedMappingBringTheContentBack() throws IOException {
        try (MemFd file = MemFd.create("shared", 8 * PAGE, false);
                Mapping mapping = Mapping.shared(file)) {
            Samples.number(mapping, 100);
            mapping.dropEntries(2 * PAGE, 3 * PAGE);
            List<Long> entries = Samples.entries(mapping, 8);
            for (int page = 0; page < 8; page++) {
                assertThat(Pagemap.present(entries.get(page)))
                        .as("page %d", page)
                        .isEqualTo(page < 2 || page > 4);
            }
            for (int page = 0; page < 8; page++) {
                assertThat(Samples.isNumbered(mapping, page, 100 + page)).isTrue();
            }
        }
    }

    @Test
    void droppedEntriesOfPrivateMemoryLoseTheContent() throws SyscallException {
        try (Mapping mapping = Mapping.anonymous("private", 4 * PAGE)) {
            Samples.number(mapping, 100);
            mapping.dropEntries(PAGE, PAGE);
            assertThat(mapping.isZero(PAGE, PAGE)).isTrue();
            assertThat(Samples.isNumbered(mapping, 2, 102)).isTrue();
        }
    }

    @Test
    void twoMappingsOfOneFileAreTheSameMemory() throws SyscallException {
        try (MemFd file = MemFd.create("shared", PAGE, false);
                Mapping one = Mapping.shared(file);
                Mapping other = Mapping.shared(file)) {
            one.setLong(64, 4711);
            assertThat(other.getLong(64)).isEqualTo(4711);
            assertThat(other.address()).isNotEqualTo(one.address());
        }
    }

    @Test
    void populateMakesPagesPresentAndAllocatesThem() throws IOException {
        try (MemFd file = MemFd.create("shared", 8 * PAGE, false);
                Mapping mapping = Mapping.shared(file)) {
            mapping.populate(PAGE, 3 * PAGE);
            assertThat(file.allocatedBytes()).isEqualTo(3 * PAGE);
            List<Long> entries = Samples.entries(mapping, 8);
            for (int page = 0; page < 8; page++) {
                assertThat(Pagemap.present(entries.get(page)))
                        .as("page %d", page)
                        .isEqualTo(page >= 1 && page <= 3);
            }
        }
    }

    @Test
    void populateKeepsTheContent() throws SyscallException {
        try (Mapping mapping = Mapping.anonymous("private", 4 * PAGE)) {
            mapping.setLong(PAGE, 5);
            mapping.populate(0, 4 * PAGE);
            assertThat(mapping.getLong(PAGE)).isEqualTo(5);
        }
    }

    @Test
    void populateWhereThePageCannotBeHadIsAnExceptionThatSaysWhere() throws IOException {
        try (MemFd file = MemFd.create("trapped", 2 * PAGE, false);
                Mapping mapping = Mapping.shared(file);
                Userfaultfd uffd = Userfaultfd.open(Syscalls.LINUX, true, Userfaultfd.FEATURE_MINOR_SHMEM)) {
            Samples.number(mapping, 1);
            uffd.registerMinor(mapping);
            mapping.dropEntries(0, 2 * PAGE);
            // The kernel's own touch of a trapped page fails at once in user-mode-only, as one without room would.
            SyscallException e = catchThrowableOfType(SyscallException.class, () -> mapping.populate(0, 2 * PAGE));
            assertThat(e.errno()).isEqualTo(Errno.EFAULT);
            assertThat(e)
                    .hasMessage(
                            "MADV_POPULATE_WRITE trapped 0x" + Long.toHexString(mapping.address()) + "+8192: EFAULT");
        }
    }

    @Test
    void adviceForAPartOfAPageIsAnException() throws SyscallException {
        try (Mapping mapping = Mapping.anonymous("memory", 2 * PAGE)) {
            SyscallException e = catchThrowableOfType(SyscallException.class, () -> mapping.dropEntries(8, PAGE));
            assertThat(e.errno()).isEqualTo(Errno.EINVAL);
            assertThat(e)
                    .hasMessage("MADV_DONTNEED memory 0x" + Long.toHexString(mapping.address() + 8) + "+4096: EINVAL");
        }
    }

    @Test
    void moreThanTheAddressSpaceCannotBeMapped() {
        SyscallException e = catchThrowableOfType(SyscallException.class, () -> Mapping.anonymous("giant", 1L << 60));
        assertThat(e.errno()).isEqualTo(Errno.ENOMEM);
        assertThat(e).hasMessage("mmap giant of 1152921504606846976 bytes: ENOMEM");
    }
}
