package io.pageflip.os;

import static io.pageflip.os.Samples.PAGE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pageflip.testkit.ChildJvm;
import io.pageflip.testkit.Waiting;
import java.io.IOException;
import org.junit.jupiter.api.Test;

final class OfdLockIT {
    @Test
    void twoExcludeEachOther() throws SyscallException {
        try (MemFd file = MemFd.create("token", PAGE, false);
                OfdLock one = OfdLock.on(file);
                OfdLock other = OfdLock.on(file)) {
            assertThat(one.tryLock()).isTrue();
            assertThat(other.tryLock()).isFalse();
            assertThat(one.tryLock()).as("its holder has it anyway").isTrue();
            one.unlock();
            assertThat(other.tryLock()).isTrue();
            assertThat(one.tryLock()).isFalse();
        }
    }

    @Test
    void unlockingWhatIsNotHeldFreesNothing() throws SyscallException {
        try (MemFd file = MemFd.create("token", PAGE, false);
                OfdLock holder = OfdLock.on(file);
                OfdLock other = OfdLock.on(file)) {
            assertThat(holder.tryLock()).isTrue();
            other.unlock();
            assertThat(other.tryLock()).isFalse();
        }
    }

    @Test
    void isFreedWhenItsHolderCloses() throws SyscallException {
        try (MemFd file = MemFd.create("token", PAGE, false);
                OfdLock other = OfdLock.on(file)) {
            OfdLock holder = OfdLock.on(file);
            assertThat(holder.tryLock()).isTrue();
            holder.close();
            assertThat(other.tryLock()).isTrue();
            assertThatThrownBy(holder::tryLock).isInstanceOf(IllegalStateException.class);
        }
    }

    @Test
    void outlivesTheDescriptorOfTheFile() throws SyscallException {
        MemFd file = MemFd.create("token", PAGE, false);
        try (MemFd spare = MemFd.adopt(file.fd().duplicate(), "token", PAGE);
                OfdLock holder = OfdLock.on(file);
                OfdLock other = OfdLock.on(spare)) {
            assertThat(holder.tryLock()).isTrue();
            file.close();
            assertThat(other.tryLock()).isFalse();
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void isFreedWhenItsHolderIsKilled() throws IOException {
        try (MemFd file = MemFd.create("token", PAGE, false);
                OfdLock lock = OfdLock.on(file);
                ChildJvm holder = childWithLock(file)) {
            holder.expect("locked");
            assertThat(lock.tryLock()).isFalse();
            holder.kill();
            Waiting.until("the dead process's lock", lock::tryLock);
        }
    }

    @Test
    void excludesAnotherProcess() throws IOException {
        try (MemFd file = MemFd.create("token", PAGE, false);
                OfdLock lock = OfdLock.on(file)) {
            assertThat(lock.tryLock()).isTrue();
            try (ChildJvm other = childWithLock(file)) {
                other.expect("refused");
            }
        }
    }

    private static ChildJvm childWithLock(MemFd file) throws IOException {
        return ChildJvm.start(
                Children.class, "lock", "" + Proc.pid(), "" + file.fd().number());
    }
}
