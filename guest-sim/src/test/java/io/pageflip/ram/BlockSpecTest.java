package io.pageflip.ram;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class BlockSpecTest {
    /** Length; pages, whole pages, mapped bytes in the block's own pages; 4 KiB pages of content. */
    @ParameterizedTest
    @CsvSource({
        "MEMFD, 1, 1, 0, 4096, 1",
        "MEMFD, 4095, 1, 0, 4096, 1",
        "MEMFD, 4096, 1, 1, 4096, 1",
        "MEMFD, 4097, 2, 1, 8192, 2",
        "ANONYMOUS, 262656, 65, 64, 266240, 65",
        "HUGETLB, 4097, 1, 0, 2097152, 2",
        "HUGETLB, 2097152, 1, 1, 2097152, 512",
        "HUGETLB, 5242880, 3, 2, 6291456, 1280",
        "MEMFD, 70368744177664, 17179869184, 17179869184, 70368744177664, 17179869184"
    })
    void countsInItsOwnPages(
            Backing backing, long length, long pages, long wholePages, long mappedBytes, long oraclePages) {
        BlockSpec spec = new BlockSpec("ram", length, backing);
        assertThat(spec.pages()).isEqualTo(pages);
        assertThat(spec.wholePages()).isEqualTo(wholePages);
        assertThat(spec.mappedBytes()).isEqualTo(mappedBytes);
        assertThat(spec.oraclePages()).isEqualTo(oraclePages);
    }

    @Test
    void bytesOfPagesEndWithTheBlock() {
        BlockSpec rom = new BlockSpec("rom", 64 * 4096 + 512, Backing.ANONYMOUS);
        assertThat(rom.bytesOf(0, 64)).isEqualTo(64 * 4096);
        assertThat(rom.bytesOf(63, 1)).isEqualTo(4096);
        assertThat(rom.bytesOf(63, 2)).isEqualTo(4096 + 512);
        assertThat(rom.bytesOf(64, 1)).isEqualTo(512);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "RAM", "a b", "a/b", "ram\n", "x23456789012345678901234567890123"})
    void refusesNamesThatAreNone(String name) {
        assertThatThrownBy(() -> new BlockSpec(name, 4096, Backing.MEMFD))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("no name of a RAM block");
    }

    @ParameterizedTest
    @ValueSource(strings = {"a", "ram-2", "x2345678901234567890123456789012"})
    void takesNamesOfUpTo32Characters(String name) {
        assertThat(new BlockSpec(name, 4096, Backing.MEMFD).name()).isEqualTo(name);
    }

    @ParameterizedTest
    @ValueSource(longs = {0, -1, Long.MIN_VALUE, BlockSpec.MAX_LENGTH + 1, Long.MAX_VALUE})
    void refusesLengthsThatAreNone(long length) {
        assertThatThrownBy(() -> new BlockSpec("ram", length, Backing.MEMFD))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("RAM block ram of " + length + " bytes");
    }

    @Test
    void onlyAnonymousMemoryCannotBeShared() {
        assertThat(Backing.MEMFD.shareable()).isTrue();
        assertThat(Backing.HUGETLB.shareable()).isTrue();
        assertThat(Backing.ANONYMOUS.shareable()).isFalse();
    }
}
