package io.pageflip.os;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A host that has no FUSE, or not for this user: one sentence, and nothing left open. */
final class FuseMountTest {
    private final List<String> calls = new ArrayList<>();

    private Syscalls failing(String failing, int errno) {
        return ScriptedSyscalls.answering((call, arguments) -> {
            calls.add(call);
            if (call.equals(failing)) {
                return -errno;
            }
            return switch (call) {
                case "open" -> 70;
                case "fsopen" -> 71;
                case "fsmount" -> 72;
                default -> 0;
            };
        });
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "open     | 2  | there is no /dev/fuse (ENOENT) | 0",
                "open     | 13 | this user may not open /dev/fuse (EACCES) | 0",
                "open     | 19 | this kernel has no FUSE behind /dev/fuse (ENODEV) | 0",
                "fsopen   | 1  | this user may not mount a file system (fsopen: EPERM), which takes CAP_SYS_ADMIN | 1",
                "fsopen   | 38 | this kernel cannot mount FUSE without a place in the tree (fsopen: ENOSYS) | 1",
                "fsmount  | 1  | this user may not mount a file system (fsmount: EPERM), which takes CAP_SYS_ADMIN | 2",
            })
    void aLackIsNamedAndNothingStaysOpen(String call, int errno, String sentence, int closed) {
        assertThatThrownBy(() -> FuseMount.create(failing(call, errno)))
                .isInstanceOf(HostLacksException.class)
                .hasMessage(sentence);
        assertThat(calls).filteredOn("close"::equals).hasSize(closed);
    }

    @Test
    void anErrorThatIsNoLackKeepsItsNumber() {
        assertThatThrownBy(() -> FuseMount.create(failing("fsconfig", Errno.EINVAL)))
                .isInstanceOf(SyscallException.class)
                .hasMessage("fsconfig source=pageflip: EINVAL");
        assertThat(calls).filteredOn("close"::equals).hasSize(2);
    }

    @Test
    void itsOwnerClosesEverything() throws Exception {
        FuseMount.create(failing("none", 0)).close();

        assertThat(calls)
                .containsExactly(
                        "open",
                        "fsopen",
                        "fsconfig",
                        "fsconfig",
                        "fsconfig",
                        "getuid",
                        "fsconfig",
                        "fsconfig",
                        "fsconfig",
                        "fsmount",
                        "close",
                        "close",
                        "close");
    }
}
