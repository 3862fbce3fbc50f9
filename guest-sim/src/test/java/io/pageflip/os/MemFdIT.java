package io.pageflip.os;

import static io.pageflip.os.Samples.PAGE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

final class MemFdIT {
    private static final int MFD_CLOEXEC_ALLOW_SEALING = 3;
    private static final int F_ADD_SEALS = 1033;
    private static final int F_SEAL_SHRINK = 2;
    private static final int F_GETFD = 1;
    private static final int FD_CLOEXEC = 1;

    private final NativeBuffer buffer = NativeBuffer.allocate(2 * PAGE);

    private static Fd unsealed(long length) throws SyscallException {
        Syscalls sys = Syscalls.LINUX;
        Fd fd = new Fd(
                SyscallException.check(sys.memfdCreate("unsealed", MFD_CLOEXEC_ALLOW_SEALING), "memfd_create"),
                "unsealed",
                sys);
        SyscallException.check(sys.ftruncate(fd.number(), length), "ftruncate");
        return fd;
    }

    @Test
    void nobodyCanChangeItsSize() throws SyscallException {
        try (MemFd file = MemFd.create("ram", 4 * PAGE, false);
                Fd duplicate = file.fd().duplicate();
                Fd reopened = file.reopen(Fd.O_RDWR)) {
            assertThat(Syscalls.LINUX.ftruncate(duplicate.number(), 0)).isEqualTo(-Errno.EPERM);
            assertThat(Syscalls.LINUX.ftruncate(reopened.number(), 3 * PAGE)).isEqualTo(-Errno.EPERM);
            assertThat(Syscalls.LINUX.ftruncate(reopened.number(), 8 * PAGE)).isEqualTo(-Errno.EPERM);
            assertThat(Syscalls.LINUX.fcntl(reopened.number(), F_ADD_SEALS, F_SEAL_SHRINK))
                    .isEqualTo(-Errno.EPERM);
        }
    }

    @Test
    void itsNameShowsInProc() throws IOException {
        try (MemFd file = MemFd.create("ram", PAGE, false)) {
            Path link =
                    Files.readSymbolicLink(Path.of("/proc/self/fd/" + file.fd().number()));
            assertThat(link).hasToString("/memfd:pageflip:ram (deleted)");
            assertThat(file.name()).isEqualTo("ram");
        }
    }

    @Test
    void isNotInherited() throws SyscallException {
        try (MemFd file = MemFd.create("ram", PAGE, false);
                Fd reopened = file.reopen(Fd.O_RDWR);
                Fd duplicate = file.fd().duplicate()) {
            for (Fd fd : new Fd[] {file.fd(), reopened, duplicate}) {
                assertThat(Syscalls.LINUX.fcntl(fd.number(), F_GETFD, 0) & FD_CLOEXEC)
                        .isEqualTo(FD_CLOEXEC);
            }
        }
    }

    @Test
    void adoptTakesASealedOneOfTheRightLength() throws IOException {
        try (MemFd file = MemFd.create("ram", 2 * PAGE, false);
                MemFd adopted = MemFd.adopt(file.fd().duplicate(), "ram", 2 * PAGE);
                Mapping mapping = Mapping.shared(adopted)) {
            buffer.bytes().putLong(0, 77);
            file.write(PAGE, buffer, 8);
            assertThat(mapping.getLong(PAGE)).isEqualTo(77);
            assertThat(adopted.length()).isEqualTo(2 * PAGE);
        }
    }

    @Test
    void adoptRefusesOneThatCouldShrinkAndClosesIt() throws SyscallException {
        Fd fd = unsealed(PAGE);
        assertThatThrownBy(() -> MemFd.adopt(fd, "ram", PAGE))
                .isInstanceOf(IOException.class)
                .hasMessage("memfd ram is not sealed against a change of its size");
        assertThat(fd.isOpen()).isFalse();
    }

    @Test
    void adoptRefusesOneThatIsSealedInPart() throws SyscallException {
        Fd fd = unsealed(PAGE);
        SyscallException.check(Syscalls.LINUX.fcntl(fd.number(), F_ADD_SEALS, F_SEAL_SHRINK), "F_ADD_SEALS");
        assertThatThrownBy(() -> MemFd.adopt(fd, "ram", PAGE)).hasMessageContaining("is not sealed");
        assertThat(fd.isOpen()).isFalse();
    }

    @Test
    void adoptRefusesAnotherLengthThanItsOwnerSaid() throws SyscallException {
        try (MemFd file = MemFd.create("ram", 2 * PAGE, false)) {
            Fd shorter = file.fd().duplicate();
            assertThatThrownBy(() -> MemFd.adopt(shorter, "ram", 3 * PAGE))
                    .isInstanceOf(IOException.class)
                    .hasMessage("memfd ram has 8192 bytes, its owner said 12288");
            assertThat(shorter.isOpen()).isFalse();
            assertThatThrownBy(() -> MemFd.adopt(file.fd().duplicate(), "ram", PAGE))
                    .hasMessage("memfd ram has 8192 bytes, its owner said 4096");
        }
    }

    @Test
    void adoptRefusesWhatIsNoMemfd() throws SyscallException {
        Fd fd = Fd.open(Syscalls.LINUX, "/dev/null", Fd.O_RDWR);
        assertThatThrownBy(() -> MemFd.adopt(fd, "ram", PAGE))
                .isInstanceOf(SyscallException.class)
                .hasMessage("F_GET_SEALS ram: EINVAL");
        assertThat(fd.isOpen()).isFalse();
    }

    @Test
    void dataAndHolesAreFound() throws IOException {
        try (MemFd file = MemFd.create("ram", 16 * PAGE, false)) {
            assertThat(file.nextData(0)).isEqualTo(-1);
            assertThat(file.nextHole(0)).isZero();
            assertThat(file.allocatedBytes()).isZero();

            file.write(3 * PAGE + 100, buffer, PAGE); // into pages 3 and 4
            file.write(15 * PAGE, buffer, 1);
            assertThat(file.nextData(0)).isEqualTo(3 * PAGE);
            assertThat(file.nextHole(3 * PAGE)).isEqualTo(5 * PAGE);
            assertThat(file.nextData(5 * PAGE)).isEqualTo(15 * PAGE);
            assertThat(file.nextHole(15 * PAGE)).as("the end counts as a hole").isEqualTo(16 * PAGE);
            assertThat(file.allocatedBytes()).isEqualTo(3 * PAGE);
        }
    }

    @Test
    void readsBackWhatWasWritten() throws IOException {
        try (MemFd file = MemFd.create("ram", 4 * PAGE, false);
                Mapping mapping = Mapping.anonymous("copy", 2 * PAGE)) {
            buffer.bytes().putLong(0, 1).putLong(PAGE, 2);
            file.write(PAGE, buffer, PAGE + 8);
            NativeBuffer back = NativeBuffer.allocate(8);
            file.read(2 * PAGE, back, 8);
            assertThat(back.bytes().getLong(0)).isEqualTo(2);
            file.read(PAGE, mapping, PAGE - 8, PAGE + 8);
            assertThat(mapping.getLong(PAGE - 8)).isEqualTo(1);
            assertThat(mapping.getLong(2 * PAGE - 8)).isEqualTo(2);
        }
    }

    @Test
    void aShortTransferIsAnError() throws SyscallException {
        try (MemFd file = MemFd.create("ram", PAGE, false)) {
            assertThatThrownBy(() -> file.read(PAGE - 8, buffer, 16))
                    .isInstanceOf(IOException.class)
                    .hasMessage("pread ram 4088+16: 8 bytes only");
            assertThatThrownBy(() -> file.write(PAGE, buffer, 8))
                    .isInstanceOf(SyscallException.class)
                    .hasMessage("pwrite ram 4096+8: EPERM");
        }
    }

    @Test
    void descriptorsOfOneFileHaveOneInode() throws SyscallException {
        try (MemFd file = MemFd.create("ram", PAGE, false);
                MemFd other = MemFd.create("ram", PAGE, false);
                Fd again = Fd.openOfProcess(Proc.pid(), file.fd().number())) {
            assertThat(again.inode()).isEqualTo(file.fd().inode());
            assertThat(other.fd().inode()).isNotEqualTo(file.fd().inode());
        }
    }
}
