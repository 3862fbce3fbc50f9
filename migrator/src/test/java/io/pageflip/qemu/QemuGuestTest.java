package io.pageflip.qemu;

import static org.assertj.core.api.Assertions.assertThat;

import io.pageflip.guest.GuestConfig;
import io.pageflip.guest.Workload;
import io.pageflip.ram.Backing;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class QemuGuestTest {
    @Test
    void parametersFollowTheHeader(@TempDir Path folder) throws IOException {
        Path file = folder.resolve("guest.bin");

        QemuGuest.write(file, 7, new GuestConfig(64 << 20, Backing.MEMFD, 1, Workload.UNIFORM, 2000, 20, 60, 5));

        ByteBuffer image = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
        assertThat(image.capacity()).isEqualTo(QemuGuest.image().length);
        assertThat(image.getLong(0x40)).isEqualTo(7);
        assertThat(image.getLong(0x48)).isEqualTo(2000);
        assertThat(image.getInt(0x50)).isEqualTo(2);
        assertThat(image.getInt(0x54)).isEqualTo(20);
        assertThat(image.getInt(0x58)).isEqualTo(60);
        assertThat(image.getLong(0x60)).isEqualTo(5);
    }
}
