package io.pageflip.os;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import org.junit.jupiter.api.Test;

final class SyscallExceptionTest {
    @Test
    void messageNamesOperationOperandsAndError() {
        SyscallException e = new SyscallException("ftruncate ram 4096", Errno.EINVAL);
        assertThat(e).hasMessage("ftruncate ram 4096: EINVAL");
        assertThat(e.errno()).isEqualTo(22);
    }

    @Test
    void aResultThatIsNotNegativeIsHandedOn() throws SyscallException {
        assertThat(SyscallException.check(0, "read")).isZero();
        assertThat(SyscallException.check(Long.MAX_VALUE, "read")).isEqualTo(Long.MAX_VALUE);
    }

    @Test
    void aNegativeResultIsAnErrorNumber() {
        SyscallException e = catchThrowableOfType(
                SyscallException.class, () -> SyscallException.check(-Errno.ENOSPC, "pwrite ram 0+4096"));
        assertThat(e).hasMessage("pwrite ram 0+4096: ENOSPC");
        assertThat(e.errno()).isEqualTo(Errno.ENOSPC);
    }
}
