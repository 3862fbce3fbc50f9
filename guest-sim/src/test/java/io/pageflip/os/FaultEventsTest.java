package io.pageflip.os;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.jna.Pointer;
import org.junit.jupiter.api.Test;

/** What the kernel hands out, byte by byte as linux/userfaultfd.h lays it out. */
final class FaultEventsTest {
    private static final byte[] TWO_EVENTS = {
        0x12, 0, 0, 0, 0, 0, 0, 0, // event: UFFD_EVENT_PAGEFAULT
        5, 0, 0, 0, 0, 0, 0, 0, // flags: minor, write
        0, 0x50, 0x34, 0x12, 0, 0x7f, 0, 0, // address
        0x39, 0x30, 0, 0, 0, 0, 0, 0, // thread
        0x12, 0, 0, 0, 0, 0, 0, 0, //
        2, 0, 0, 0, 0, 0, 0, 0, // flags: write-protected
        0, 0, 0, 0, 1, 0, 0, 0, //
        7, 0, 0, 0, 0, 0, 0, 0,
    };

    private byte[] handedOut = TWO_EVENTS.clone();

    private final Syscalls kernel = ScriptedSyscalls.answering((call, arguments) -> {
        if (call.equals("read")) {
            if (handedOut.length == 0) {
                return -Errno.EAGAIN;
            }
            assertThat(arguments.get(0)).isEqualTo(77);
            new Pointer((Long) arguments.get(1)).write(0, handedOut, 0, handedOut.length);
            return handedOut.length;
        }
        return call.equals("userfaultfd") ? 77 : call.equals("eventfd") ? 78 : 0;
    });

    @Test
    void eventsAreReadWhereTheHeaderPutsThem() throws SyscallException {
        try (Userfaultfd uffd = Userfaultfd.open(kernel, true, 0);
                FaultEvents events = FaultEvents.of(uffd)) {
            assertThat(FaultEvents.SIZEOF_UFFD_MSG).isEqualTo(32);
            assertThat(events.poll()).isEqualTo(2);
            assertThat(events.address(0)).isEqualTo(0x7f00_1234_5000L);
            assertThat(events.threadId(0)).isEqualTo(12345);
            assertThat(events.isMinor(0)).isTrue();
            assertThat(events.isWrite(0)).isTrue();
            assertThat(events.isWriteProtected(0)).isFalse();
            assertThat(events.address(1)).isEqualTo(0x1_0000_0000L);
            assertThat(events.threadId(1)).isEqualTo(7);
            assertThat(events.isMinor(1)).isFalse();
            assertThat(events.isWrite(1)).isFalse();
            assertThat(events.isWriteProtected(1)).isTrue();
            handedOut = new byte[0];
            assertThat(events.poll()).isZero();
        }
    }

    @Test
    void anEventThatNobodyAskedForIsAnError() throws SyscallException {
        handedOut[0] = 0x13;
        try (Userfaultfd uffd = Userfaultfd.open(kernel, true, 0);
                FaultEvents events = FaultEvents.of(uffd)) {
            assertThatThrownBy(events::poll)
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageStartingWith("event 19 of a userfaultfd");
        }
    }
}
