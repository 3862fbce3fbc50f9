package io.pageflip.os;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

final class FdTest {
    private final List<String> calls = new ArrayList<>();

    private Fd answering(long answer) {
        return new Fd(9, "thing", ScriptedSyscalls.answering((call, arguments) -> {
            calls.add(call + " " + arguments.get(0));
            return answer;
        }));
    }

    @Test
    void isClosedOnce() {
        Fd fd = answering(0);
        fd.close();
        fd.close();
        assertThat(calls).containsExactly("close 9");
        assertThat(fd.isOpen()).isFalse();
    }

    @Test
    void closeIsNotRetriedWhenASignalInterruptsIt() {
        answering(-Errno.EINTR).close();
        assertThat(calls).containsExactly("close 9");
    }

    @Test
    void isNotUsedAfterItWasClosed() {
        Fd fd = answering(0);
        fd.close();
        NativeBuffer buffer = NativeBuffer.allocate(8);
        assertThatThrownBy(fd::number).isInstanceOf(IllegalStateException.class).hasMessage("thing is closed");
        assertThatThrownBy(() -> fd.read(buffer, 0, 8)).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> fd.write(buffer, 0, 8)).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> fd.awaitReadable(0)).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(fd::duplicate).isInstanceOf(IllegalStateException.class);
        assertThat(calls).containsExactly("close 9");
    }

    @Test
    void whatWasHandedOverIsNotClosed() {
        Fd fd = answering(0);
        assertThat(fd.handOver()).isEqualTo(9);
        fd.close();
        assertThat(calls).isEmpty();
        assertThatThrownBy(fd::handOver).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void readAndWriteHandTheErrorOn() {
        NativeBuffer buffer = NativeBuffer.allocate(8);
        assertThat(answering(-Errno.EAGAIN).read(buffer, 0, 8)).isEqualTo(-Errno.EAGAIN);
        assertThat(answering(-Errno.EPIPE).write(buffer, 0, 8)).isEqualTo(-Errno.EPIPE);
    }

    @Test
    void readAndWriteStayInTheBuffer() {
        Fd fd = answering(8);
        NativeBuffer buffer = NativeBuffer.allocate(8);
        assertThatThrownBy(() -> fd.read(buffer, 1, 8)).isInstanceOf(IndexOutOfBoundsException.class);
        assertThatThrownBy(() -> fd.write(buffer, -1, 4)).isInstanceOf(IndexOutOfBoundsException.class);
        assertThat(calls).isEmpty();
    }

    @Test
    void anInterruptedWaitIsAWaitWithoutResult() throws SyscallException {
        assertThat(answering(-Errno.EINTR).awaitReadable(5)).isFalse();
        assertThat(answering(-Errno.EINTR).awaitWritable(5)).isFalse();
    }

    @Test
    void aFailedWaitNamesTheDescriptor() {
        assertThatThrownBy(() -> answering(-Errno.EINVAL).awaitReadable(5))
                .isInstanceOf(SyscallException.class)
                .hasMessage("poll thing: EINVAL");
    }
}
