package io.pageflip.os;

import static io.pageflip.os.Samples.PAGE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pageflip.testkit.ChildJvm;
import java.io.IOException;
import org.junit.jupiter.api.Test;

final class ProcessMemoryIT {
    @Test
    void readsAnotherProcess() throws IOException {
        try (ChildJvm child = ChildJvm.start(Children.class, "memory");
                Mapping copy = Mapping.anonymous("copy", 4 * PAGE)) {
            long address = Long.parseLong(child.line());
            ProcessMemory memory = new ProcessMemory(child.pid());
            assertThat(memory.read(address + PAGE, copy, PAGE, 2 * PAGE)).isEqualTo(2 * PAGE);
            assertThat(copy.isZero(0, PAGE)).isTrue();
            assertThat(Samples.isNumbered(copy, 1, 501)).isTrue();
            assertThat(Samples.isNumbered(copy, 2, 502)).isTrue();
            assertThat(copy.isZero(3 * PAGE, PAGE)).isTrue();
        }
    }

    @Test
    void whatItCannotReadIsAnAnswer() throws IOException {
        try (ChildJvm child = ChildJvm.start(Children.class, "memory");
                Mapping copy = Mapping.anonymous("copy", 4 * PAGE)) {
            long address = Long.parseLong(child.line());
            ProcessMemory memory = new ProcessMemory(child.pid());
            assertThat(memory.read(PAGE, copy, 0, PAGE))
                    .as("nothing is mapped there")
                    .isEqualTo(-Errno.EFAULT);
            assertThatThrownBy(() -> memory.read(address, copy, PAGE, 4 * PAGE))
                    .isInstanceOf(IndexOutOfBoundsException.class);
            child.kill();
            assertThat(memory.read(address, copy, 0, PAGE)).as("it is gone").isEqualTo(-Errno.ESRCH);
        }
    }

    @Test
    void bytesComeIntoABufferAndPagesCanBeSeen() throws IOException {
        try (ChildJvm child = ChildJvm.start(Children.class, "memory")) {
            long address = Long.parseLong(child.line());
            NativeBuffer copy = NativeBuffer.allocate(2 * PAGE);
            ProcessMemory memory = new ProcessMemory(child.pid());
            assertThat(memory.read(address + PAGE, copy, PAGE, PAGE)).isEqualTo(PAGE);
            assertThat(copy.isZero(0, PAGE)).isTrue();
            assertThat(copy.isZero(PAGE, PAGE)).isFalse();
            long[] entries = new long[1];
            try (Pagemap pagemap = Pagemap.ofProcess(child.pid())) {
                pagemap.read(address + PAGE, 1, PAGE, entries);
            }
            assertThat(Pagemap.exists(entries[0])).isTrue();
        }
    }
}
