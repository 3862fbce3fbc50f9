package io.pageflip.qemu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.pageflip.testkit.Waiting;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The image of QEMU's guest is what its source says. */
final class QemuGuestIT {
    private static final Path SOURCE = Path.of("src/guest/guest.S").toAbsolutePath();

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
