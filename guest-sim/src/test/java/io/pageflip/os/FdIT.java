package io.pageflip.os;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pageflip.testkit.ChildJvm;
import io.pageflip.testkit.Waiting;
import java.io.IOException;
import org.junit.jupiter.api.Test;

final class FdIT {
    private final NativeBuffer buffer = NativeBuffer.allocate(64);

    @Test
    void aPipeIsReadableOnceSomethingIsInIt() throws SyscallException {
        try (Pipe pipe = Pipe.create()) {
            assertThat(pipe.readEnd().awaitReadable(0)).isFalse();
            assertThat(pipe.readEnd().read(buffer, 0, 8)).isEqualTo(-Errno.EAGAIN);
            assertThat(pipe.writeEnd().awaitWritable(0)).isTrue();
            assertThat(pipe.writeEnd().write(buffer, 0, 24)).isEqualTo(24);
            assertThat(pipe.readEnd().unreadBytes()).isEqualTo(24);
            assertThat(pipe.readEnd().awaitReadable(0)).isTrue();
            assertThat(pipe.readEnd().read(buffer, 0, 64)).isEqualTo(24);
            assertThat(pipe.readEnd().unreadBytes()).isZero();
        }
    }

    @Test
    void theEndOfAPipeIsReadable() throws SyscallException {
        try (Pipe pipe = Pipe.create()) {
            assertThat(pipe.readEnd().peerGone()).isFalse();
            pipe.writeEnd().close();
            assertThat(pipe.readEnd().peerGone()).isTrue();
            assertThat(pipe.readEnd().awaitReadable(0)).isTrue();
            assertThat(pipe.readEnd().read(buffer, 0, 8)).isZero();
        }
    }

    @Test
    void writingToNobodyIsAnAnswerAndNoSignal() throws SyscallException {
        try (Pipe pipe = Pipe.create()) {
            pipe.readEnd().close();
            assertThat(pipe.writeEnd().peerGone()).isTrue();
            assertThat(pipe.writeEnd().awaitWritable(0)).isTrue();
            assertThat(pipe.writeEnd().write(buffer, 0, 8)).isEqualTo(-Errno.EPIPE);
        }
    }

    @Test
    void aDuplicateKeepsThePipeOpen() throws SyscallException {
        try (Pipe pipe = Pipe.create()) {
            try (Fd duplicate = pipe.writeEnd().duplicate()) {
                assertThat(duplicate.number()).isNotEqualTo(pipe.writeEnd().number());
                pipe.writeEnd().close();
                assertThat(pipe.readEnd().peerGone()).isFalse();
                assertThat(duplicate.write(buffer, 0, 8)).isEqualTo(8);
            }
            assertThat(pipe.readEnd().peerGone()).isTrue();
        }
    }

    @Test
    void bytesGoStraightFromMappingToMapping() throws SyscallException {
        try (Pipe pipe = Pipe.create();
                Mapping from = Mapping.anonymous("from", 4096);
                Mapping to = Mapping.anonymous("to", 4096)) {
            from.setLong(80, 12345);
            assertThat(pipe.writeEnd().write(from, 80, 8)).isEqualTo(8);
            assertThat(pipe.readEnd().read(to, 4000, 96)).isEqualTo(8);
            assertThat(to.getLong(4000)).isEqualTo(12345);
            assertThatThrownBy(() -> pipe.readEnd().read(to, 4000, 97)).isInstanceOf(IndexOutOfBoundsException.class);
        }
    }

    @Test
    void aMissingFileIsNamed() {
        assertThatThrownBy(() -> Fd.open(Syscalls.LINUX, "/no/such/file", Fd.O_RDONLY))
                .isInstanceOf(SyscallException.class)
                .hasMessage("open /no/such/file: ENOENT");
    }

    @Test
    void standardOutputCanBeKeptForPagesAlone() throws IOException {
        try (ChildJvm child = ChildJvm.start(Children.class, "streams")) {
            child.expect("pages");
            assertThat(child.awaitExit()).isZero();
            assertThat(child.errors())
                    .contains("a warning of somebody")
                    .contains("standard input ends: -1")
                    .contains("a terminal: false");
        }
    }

    @Test
    void aProcessIsReadableOnceItHasEnded() throws Exception {
        Process child = new ProcessBuilder("cat").start();
        try (Fd process = Fd.ofProcess((int) child.pid())) {
            assertThat(process.awaitReadable(0)).isFalse();
            child.getOutputStream().close();
            assertThat(process.awaitReadable(Waiting.LIMIT_MS)).isTrue();
            child.waitFor();
            assertThat(process.awaitReadable(0)).as("also when it is reaped").isTrue();
        }
        assertThatThrownBy(() -> Fd.ofProcess((int) child.pid()))
                .isInstanceOf(SyscallException.class)
                .hasMessageContaining("ESRCH");
    }
}
