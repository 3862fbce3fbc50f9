package io.pageflip.qemu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.pageflip.guest.GuestConfig;
import io.pageflip.guest.Workload;
import io.pageflip.ram.Backing;
import io.pageflip.testkit.Waiting;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The image of QEMU's guest is what its source says, and does what it must. */
final class QemuGuestIT {
    private static final Path SOURCE = Path.of("src/guest/guest.S").toAbsolutePath();
    private static final String QEMU = "qemu-system-x86_64";
    private static final long RAM = 16 << 20;

    /** Where the information page is, and the heartbeats in it. */
    private static final long INFO = 1 << 20;

    private static final int BEATS = 64;

    @TempDir
    private Path folder = Path.of("unset");

    @Test
    void theImageIsTheAssembledSource() throws IOException {
        boolean canAssemble =
                has("as") && has("ld") && System.getProperty("os.arch").equals("amd64");
        if (!canAssemble) {
            System.err.println("skipped: no GNU assembler for x86-64 here");
        }
        assumeTrue(canAssemble);

        run("as", "--64", "-o", "guest.o", SOURCE.toString());
        run("ld", "-m", "elf_x86_64", "-N", "-Ttext=0x101000", "--oformat=binary", "-o", "guest.bin", "guest.o");

        assertThat(Files.readAllBytes(folder.resolve("guest.bin")))
                .as("run the command in %s, and put guest.bin into src/main/resources", SOURCE)
                .isEqualTo(QemuGuest.image());
    }

    @Test
    void anInformationPageThatIsTooOldCountsAsBadAndTheHeartBeatsOn() throws IOException {
        boolean canRun = has(QEMU) && System.getProperty("os.arch").equals("amd64");
        if (!canRun) {
            System.err.println("skipped: no " + QEMU + " here");
        }
        assumeTrue(canRun);
        Path kernel = folder.resolve("kernel.bin");
        Path ram = folder.resolve("ram");
        QemuGuest.write(kernel, 7, new GuestConfig(RAM, Backing.MEMFD, 1, Workload.IDLE, 0, 10, 1, 5));
        Process qemu = new ProcessBuilder((QEMU
                                + " -accel tcg -machine pc,memory-backend=ram -m 16M -nodefaults -display none -kernel "
                                + kernel + " -object memory-backend-file,id=ram,share=on,size=16M,mem-path=" + ram)
                        .split(" ", -1))
                .directory(folder.toFile())
                .inheritIO()
                .start();
        try {
            Waiting.until("the guest's heart beats", () -> Files.exists(ram) && beats(ram) > 0);
            long before = beats(ram);

            Waiting.until("the guest finds a wrong count", () -> {
                write(ram, BEATS, 1); // again, since the guest may just be writing its own
                return read(ram, QemuGuest.BAD) > 0;
            });
            assertThat(read(ram, QemuGuest.FIRST_BAD)).isEqualTo(INFO);
            Waiting.until("the count goes on", () -> beats(ram) > before);
        } finally {
            qemu.destroyForcibly();
            qemu.onExit().join();
        }
    }

    private static long beats(Path ram) throws IOException {
        return read(ram, BEATS);
    }

    private static long read(Path ram, int word) throws IOException {
        try (FileChannel file = FileChannel.open(ram, StandardOpenOption.READ)) {
            ByteBuffer bytes = ByteBuffer.allocate(Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);
            return file.read(bytes, INFO + word) == Long.BYTES ? bytes.getLong(0) : 0;
        }
    }

    private static void write(Path ram, int word, long value) throws IOException {
        try (FileChannel file = FileChannel.open(ram, StandardOpenOption.WRITE)) {
            ByteBuffer bytes = ByteBuffer.allocate(Long.BYTES)
                    .order(ByteOrder.LITTLE_ENDIAN)
                    .putLong(0, value);
            assertThat(file.write(bytes, INFO + word)).isEqualTo(Long.BYTES);
        }
    }

    private static boolean has(String command) {
        return Arrays.stream(System.getenv("PATH").split(":", -1))
                .anyMatch(path -> Files.isExecutable(Path.of(path, command)));
    }

    private void run(String... command) throws IOException {
        Process process = new ProcessBuilder(command)
                .directory(folder.toFile())
                .redirectErrorStream(true)
                .start();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(Waiting.exitCode(command[0], process)).as(said).isZero();
    }
}
