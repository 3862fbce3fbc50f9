package io.pageflip.os;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.jna.Pointer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A directory that cannot take a guest's RAM: one sentence, and nothing left open. */
final class DiskFileTest {
    private static final Path DIRECTORY = Path.of("/disk");
    private static final long EXT4 = 0xef53;
    private static final long BTRFS = 0x9123683eL;
    private static final long TMPFS = 0x01021994;

    private final List<String> calls = new ArrayList<>();

    private Syscalls kernel(String failing, int errno, long fileSystem) {
        return ScriptedSyscalls.answering((call, arguments) -> {
            calls.add(call);
            if (call.equals(failing)) {
                return -errno;
            }
            if (call.equals("fstatfs")) {
                new Pointer((Long) arguments.get(1)).setLong(0, fileSystem);
            }
            return call.equals("open") ? 70 : 0;
        });
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "open      | 2   | no file in /disk: there is no such directory",
                "open      | 20  | no file in /disk: there is no such directory",
                "open      | 13  | no file in /disk: this user may not write there",
                "open      | 30  | no file in /disk: its file system is read-only",
                "open      | 95  | no file in /disk: its file system has no files without a name (O_TMPFILE)",
                "open      | 5   | no file in /disk: EIO",
                "fallocate | 28  | no room for 64M in /disk (ENOSPC)",
                "fallocate | 122 | no room for 64M in /disk (EDQUOT)",
                "fallocate | 27  | no room for 64M in /disk (EFBIG)",
                "fallocate | 95  | cannot allocate blocks beforehand",
            })
    void aLackIsNamedAndNothingStaysOpen(String call, int errno, String sentence) {
        assertThatThrownBy(() -> DiskFile.create(kernel(call, errno, EXT4), DIRECTORY, "ram", 64 << 20))
                .isInstanceOf(HostLacksException.class)
                .hasMessageContaining(sentence)
                .hasMessageContaining("name another directory");
        assertThat(calls).filteredOn("close"::equals).hasSize(call.equals("open") ? 0 : 1);
    }

    @Test
    void roomOnADiskThatCopiesOnWriteIsNotReliedUpon() {
        assertThatThrownBy(() -> DiskFile.create(kernel("none", 0, BTRFS), DIRECTORY, "ram", 64 << 20))
                .isInstanceOf(HostLacksException.class)
                .hasMessageStartingWith("/disk lies on btrfs, which writes a block anew to another place");
        assertThat(calls).containsExactly("open", "fstatfs", "close");
    }

    @Test
    void memoryIsNoDisk() {
        assertThatThrownBy(() -> DiskFile.create(kernel("none", 0, TMPFS), DIRECTORY, "ram", 64 << 20))
                .isInstanceOf(HostLacksException.class)
                .hasMessageStartingWith("/disk lies on tmpfs, whose pages are memory");
        assertThat(calls).containsExactly("open", "fstatfs", "close");
    }
}
