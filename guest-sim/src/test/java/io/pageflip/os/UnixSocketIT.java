package io.pageflip.os;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.pageflip.testkit.ChildJvm;
import io.pageflip.testkit.Waiting;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class UnixSocketIT {
    private static final int F_GETFD = 1;
    private static final int FD_CLOEXEC = 1;
    private static final WaitGuard NEVER = WaitGuard.refusing("the peer does not read");

    @TempDir
    private Path folder;

    private final NativeBuffer message = NativeBuffer.allocate(64);

    private String path() {
        return folder.resolve("s").toString();
    }

    @Test
    void onlyItsOwnerMayUseThePath() throws IOException {
        try (UnixSocket listener = UnixSocket.listen(path())) {
            assertThat(listener.fd().isOpen()).isTrue();
            assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(Path.of(path()))))
                    .isEqualTo("rw-------");
            Path file = Files.createFile(folder.resolve("later"));
            assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
                    .as("the umask of the process is what it was")
                    .startsWith("rw-r");
        }
    }

    @Test
    void thePathIsRemovedByWhoAsksForIt() throws IOException {
        try (UnixSocket listener = UnixSocket.listen(path())) {
            assertThat(listener.awaitReadable(0)).isFalse();
            UnixSocket.unlink(path());
            assertThat(Path.of(path())).doesNotExist();
            UnixSocket.unlink(path()); // that it is gone already is no error
        }
    }

    @Test
    void aPathInUseIsRefused() throws IOException {
        try (UnixSocket listener = UnixSocket.listen(path())) {
            SyscallException e = catchThrowableOfType(SyscallException.class, () -> UnixSocket.listen(path()));
            assertThat(e.errno()).isEqualTo(Errno.EADDRINUSE);
            assertThat(e).hasMessage("bind " + path() + ": EADDRINUSE");
            assertThat(listener.accept(0)).isNull();
        }
    }

    @Test
    void aPathThatIsTooLongIsRefusedAndNotCut() {
        String longest = folder + "/" + "x".repeat(107 - folder.toString().length() - 1);
        try (UnixSocket listener = UnixSocket.listen(longest)) {
            assertThat(Path.of(longest)).exists();
            assertThat(listener.fd().isOpen()).isTrue();
        } catch (SyscallException e) {
            throw new AssertionError("107 bytes are allowed", e);
        }
        SyscallException e = catchThrowableOfType(SyscallException.class, () -> UnixSocket.listen(longest + "x"));
        assertThat(e.errno()).isEqualTo(Errno.ENAMETOOLONG);
        assertThat(e).hasMessage("socket path of 108 bytes " + longest + "x: ENAMETOOLONG");
        assertThatThrownBy(() -> UnixSocket.connect(longest + "x")).hasMessageEndingWith("ENAMETOOLONG");
    }

    @Test
    void whereNobodyListensNobodyConnects() throws IOException {
        assertThatThrownBy(() -> UnixSocket.connect(path())).hasMessage("connect " + path() + ": ENOENT");
        UnixSocket.listen(path()).close();
        assertThatThrownBy(() -> UnixSocket.connect(path())).hasMessage("connect " + path() + ": ECONNREFUSED");
    }

    @Test
    void whoeverComesWhileManyWaitIsAskedWhetherToGoOn() throws IOException {
        List<UnixSocket> waiting = new ArrayList<>();
        try (UnixSocket listener = UnixSocket.listen(path())) {
            SyscallException full = catchThrowableOfType(SyscallException.class, () -> {
                while (true) {
                    waiting.add(UnixSocket.connect(path()));
                }
            });
            assertThat(full.errno()).isEqualTo(Errno.EAGAIN);
            assertThatThrownBy(() -> UnixSocket.connect(path(), NEVER)).hasMessage("the peer does not read");
            UnixSocket one = listener.accept(Waiting.LIMIT_MS);
            assertThat(one).isNotNull();
            one.close();
            UnixSocket.connect(path(), NEVER).close();
        } finally {
            waiting.forEach(UnixSocket::close);
        }
    }

    @Test
    void nothingElseIsLeftInTheFolder() throws IOException {
        try (UnixSocket listener = UnixSocket.listen(path())) {
            assertThat(listener.fd().isOpen()).isTrue();
            assertThat(folder).isDirectoryContaining("glob:**/s");
            assertThat(folder.toFile().list()).containsExactly("s");
        }
    }

    @Test
    void aPeerThatDoesNotReadDoesNotHoldUpTheSender() throws IOException {
        NativeBuffer large = NativeBuffer.allocate(16 << 20);
        try (UnixSocket listener = UnixSocket.listen(path());
                UnixSocket client = UnixSocket.connect(path())) {
            assertThat(listener.fd().isOpen()).isTrue();
            assertThatThrownBy(() -> client.send(large, large.length(), List.of(), NEVER))
                    .hasMessage("the peer does not read");
        }
    }

    @Test
    void whoIsAtTheOtherEndIsSaidByTheKernel() throws IOException {
        try (UnixSocket listener = UnixSocket.listen(path());
                ChildJvm child = ChildJvm.start(Children.class, "connect", path());
                UnixSocket connection = listener.accept(Waiting.LIMIT_MS)) {
            assertThat(connection).isNotNull();
            assertThat(connection.peer()).isEqualTo(new PeerCredentials(child.pid(), Proc.uid()));
            child.expect("server is " + Proc.pid());
        }
    }

    @Test
    void descriptorsArriveWithTheirMessageAndAreNotInherited() throws IOException {
        try (UnixSocket listener = UnixSocket.listen(path());
                UnixSocket client = UnixSocket.connect(path());
                UnixSocket server = listener.accept(Waiting.LIMIT_MS);
                MemFd one = MemFd.create("one", 4096, false);
                MemFd other = MemFd.create("other", 4096, false)) {
            assertThat(server).isNotNull();
            message.bytes().putLong(0, 11).putLong(8, 22);
            client.send(message, 16, List.of(one.fd(), other.fd()), NEVER);

            NativeBuffer received = NativeBuffer.allocate(64);
            List<Fd> descriptors = new ArrayList<>();
            assertThat(server.awaitReadable(Waiting.LIMIT_MS)).isTrue();
            assertThat(server.receive(received, 8, 56, descriptors)).isEqualTo(16);
            assertThat(received.bytes().getLong(0)).isZero();
            assertThat(received.bytes().getLong(8)).isEqualTo(11);
            assertThat(received.bytes().getLong(16)).isEqualTo(22);
            assertThat(descriptors).hasSize(2);
            assertThat(descriptors.get(0).inode()).isEqualTo(one.fd().inode());
            assertThat(descriptors.get(1).inode()).isEqualTo(other.fd().inode());
            for (Fd descriptor : descriptors) {
                assertThat(Syscalls.LINUX.fcntl(descriptor.number(), F_GETFD, 0) & FD_CLOEXEC)
                        .isEqualTo(FD_CLOEXEC);
                descriptor.close();
            }
        }
    }

    @Test
    void asManyDescriptorsAsTheKernelAllowsFitInAMessage() throws IOException {
        try (UnixSocket listener = UnixSocket.listen(path());
                UnixSocket client = UnixSocket.connect(path());
                UnixSocket server = listener.accept(Waiting.LIMIT_MS);
                MemFd file = MemFd.create("one", 4096, false)) {
            assertThat(server).isNotNull();
            client.send(message, 1, Collections.nCopies(UnixSocket.MAX_DESCRIPTORS, file.fd()), NEVER);
            List<Fd> descriptors = new ArrayList<>();
            assertThat(server.receive(message, 0, 64, descriptors)).isEqualTo(1);
            assertThat(descriptors).hasSize(UnixSocket.MAX_DESCRIPTORS);
            descriptors.forEach(Fd::close);
            assertThatThrownBy(() -> client.send(
                            message, 1, Collections.nCopies(UnixSocket.MAX_DESCRIPTORS + 1, file.fd()), NEVER))
                    .hasMessage("sendmsg: EINVAL");
        }
    }

    @Test
    void aMessageWithoutDescriptorsBringsNone() throws IOException {
        try (UnixSocket listener = UnixSocket.listen(path());
                UnixSocket client = UnixSocket.connect(path())) {
            UnixSocket server = listener.accept(Waiting.LIMIT_MS);
            assertThat(server).isNotNull();
            client.send(message, 5, List.of(), NEVER);
            List<Fd> descriptors = new ArrayList<>();
            assertThat(server.receive(message, 0, 64, descriptors)).isEqualTo(5);
            assertThat(descriptors).isEmpty();
            client.fd().close();
            assertThat(server.receive(message, 0, 64, descriptors))
                    .as("the end")
                    .isZero();
            assertThatThrownBy(() -> server.send(message, 5, List.of(), NEVER)).hasMessage("sendmsg: EPIPE");
            server.close();
        }
    }

    @Test
    void aPairIsConnectedAndDoesNotBlock() throws SyscallException {
        List<Fd> pair = UnixSocket.pair();
        try (Fd one = pair.get(0);
                Fd other = pair.get(1)) {
            assertThat(other.read(message, 0, 8)).isEqualTo(-Errno.EAGAIN);
            assertThat(one.write(message, 0, 8)).isEqualTo(8);
            assertThat(other.unreadBytes()).isEqualTo(8);
            assertThat(other.read(message, 0, 64)).isEqualTo(8);
        }
    }
}
