package io.pageflip.os;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.jna.Pointer;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What is handed to the kernel, against the values of linux/userfaultfd.h. */
final class UserfaultfdTest {
    private static final int O_CLOEXEC_NONBLOCK = 0x80800;
    private static final int USER_MODE_ONLY = 1;

    @Test
    void requestNumbersAreThoseOfTheHeader() {
        assertThat(Userfaultfd.iowr(0x3f, 24)).isEqualTo(0xc018aa3fL);
        assertThat(Userfaultfd.iowr(0x00, 32)).isEqualTo(0xc020aa00L);
        assertThat(Userfaultfd.ior(0x01, 16)).isEqualTo(0x8010aa01L);
        assertThat(Userfaultfd.ior(0x02, 16)).isEqualTo(0x8010aa02L);
        assertThat(Userfaultfd.iowr(0x03, 40)).isEqualTo(0xc028aa03L);
        assertThat(Userfaultfd.iowr(0x04, 32)).isEqualTo(0xc020aa04L);
        assertThat(Userfaultfd.iowr(0x07, 32)).isEqualTo(0xc020aa07L);
    }

    @Test
    void featureBitsAreThoseOfTheHeader() {
        assertThat(Userfaultfd.FEATURE_MISSING_HUGETLBFS).isEqualTo(0x10);
        assertThat(Userfaultfd.FEATURE_MISSING_SHMEM).isEqualTo(0x20);
        assertThat(Userfaultfd.FEATURE_THREAD_ID).isEqualTo(0x100);
        assertThat(Userfaultfd.FEATURE_MINOR_HUGETLBFS).isEqualTo(0x200);
        assertThat(Userfaultfd.FEATURE_MINOR_SHMEM).isEqualTo(0x400);
        assertThat(Userfaultfd.FEATURE_WP_UNPOPULATED).isEqualTo(0x2000);
        assertThat(Userfaultfd.FEATURE_WP_ASYNC).isEqualTo(0x8000);
    }

    @Test
    void openShakesHandsAndKeepsTheKernelsFeatures() throws SyscallException {
        List<Object> seen = new ArrayList<>();
        Syscalls kernel = ScriptedSyscalls.answering((call, arguments) -> {
            seen.add(call);
            seen.addAll(arguments);
            if (call.equals("ioctl")) {
                Pointer api = new Pointer((Long) arguments.get(2));
                seen.set(seen.size() - 1, api.getLong(0));
                seen.add(api.getLong(8));
                api.setLong(8, 0x1ffffL);
            }
            return call.equals("userfaultfd") ? 77 : 0;
        });
        try (Userfaultfd uffd = Userfaultfd.open(kernel, true, Userfaultfd.FEATURE_MINOR_SHMEM)) {
            assertThat(uffd.features()).isEqualTo(0x1ffffL);
            assertThat(uffd.userModeOnly()).isTrue();
        }
        assertThat(seen)
                .containsExactly(
                        "userfaultfd",
                        O_CLOEXEC_NONBLOCK | USER_MODE_ONLY,
                        "ioctl",
                        77,
                        0xc018aa3fL,
                        0xaaL,
                        0x400L,
                        "close",
                        77);
    }

    @Test
    void aRefusedHandshakeClosesTheDescriptor() {
        List<String> calls = new ArrayList<>();
        Syscalls kernel = ScriptedSyscalls.answering((call, arguments) -> {
            calls.add(call);
            return call.equals("ioctl") ? -Errno.EINVAL : 77;
        });
        assertThatThrownBy(() -> Userfaultfd.open(kernel, false, 1L << 62))
                .isInstanceOf(SyscallException.class)
                .hasMessage("UFFDIO_API features 0x4000000000000000: EINVAL");
        assertThat(calls).containsExactly("userfaultfd", "ioctl", "close");
    }
}
