package io.pageflip.qemu;

import io.pageflip.guest.GuestConfig;
import io.pageflip.guest.Workload;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;

/**
 * The guest that QEMU runs: a bare-metal program of ours (migrator/src/guest/guest.S), and where in its information
 * page the words are that only it has. Stateless.
 */
public final class QemuGuest {
    /** The fewest bytes of RAM that it runs in. */
    public static final long LEAST_RAM = 16 << 20;

    /** The most: its page tables reach no further. */
    public static final long MOST_RAM = 500L << 30;

    /**
     * Words of the information page: pages written, checks done, bad pages, checks requested, the first bad address.
     */
    static final int WRITTEN = 24;

    static final int CHECKED = 32;
    static final int BAD = 40;
    static final int REQUESTED = 48;
    static final int FIRST_BAD = 56;

    private static final String IMAGE = "guest.bin";
    private static final int PARAMETERS = 0x40;

    private QemuGuest() {}

    /** The assembled program, with empty parameters. */
    static byte[] image() {
        try (InputStream image = QemuGuest.class.getResourceAsStream(IMAGE)) {
            return Objects.requireNonNull(image, IMAGE).readAllBytes();
        } catch (IOException e) {
            throw new IllegalStateException(IMAGE, e);
        }
    }

    /**
     * Writes the program with its parameters to a new file.
     *
     * @param guest the number that tells this guest from all others
     */
    static void write(Path file, long guest, GuestConfig config) throws IOException {
        byte[] image = image();
        ByteBuffer.wrap(image)
                .order(ByteOrder.LITTLE_ENDIAN)
                .position(PARAMETERS)
                .putLong(guest)
                .putLong(config.dirtyRate())
                .putInt(number(config.workload()))
                .putInt(config.hotSetPercent())
                .putInt(config.fillPercent())
                .putInt(0)
                .putLong(config.seed());
        Files.write(file, image);
    }

    private static int number(Workload workload) {
        return switch (workload) {
            case IDLE -> 0;
            case SEQUENTIAL -> 1;
            case UNIFORM -> 2;
            case HOTSET -> 3;
        };
    }
}
