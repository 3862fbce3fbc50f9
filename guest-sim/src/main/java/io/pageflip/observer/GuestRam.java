package io.pageflip.observer;

import io.pageflip.heartbeat.GuestInfo;
import io.pageflip.os.Fd;
import io.pageflip.os.NativeBuffer;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * A file with guest RAM that some process has open, and in it the guest information page. It is read with pread(2):
 * that neither allocates a page that is a hole nor waits for one that a postcopy has still to bring. It owns its
 * descriptor. Used by one thread.
 */
public final class GuestRam implements AutoCloseable {
    /**
     * Where in the file the page can be: in pageflip's block {@code ram}, and in RAM of a QEMU whose guest is ours
     * (migrator/src/guest/guest.S).
     */
    private static final long[] POSITIONS = {0, 1 << 20};

    private final Fd file;
    private final long position;
    private final long guest;

    private GuestRam(Fd file, long position, long guest) {
        this.file = file;
        this.position = position;
        this.guest = guest;
    }

    /**
     * The RAM of a guest that a process has open, to be read and written; null if it has none yet.
     *
     * @param guest the guest's number
     */
    public static @Nullable GuestRam find(int pid, long guest) {
        NativeBuffer page = NativeBuffer.allocate(GuestInfo.BYTES);
        for (OpenFiles.OpenFile open : OpenFiles.of(pid).toList()) {
            try (GuestRam seen = open(pid, open.descriptor(), page)) {
                if (seen != null && seen.guest == guest) {
                    return new GuestRam(Fd.openOfProcess(pid, open.descriptor()), seen.position, guest);
                }
            } catch (IOException e) {
                return null; // closed meanwhile, or not for this user to write
            }
        }
        return null;
    }

    /** Opens a file in which the RAM of {@code known}'s guest may come to lie, at the same place; null if it cannot. */
    static @Nullable GuestRam expect(GuestRam known, int pid, int descriptor) {
        try {
            return new GuestRam(Fd.openOfProcessToRead(pid, descriptor), known.position, known.guest);
        } catch (IOException e) {
            return null;
        }
    }

    /**
     * Opens what a process has open, to be read; null if there is no guest information page in it, or this user may not
     * read it.
     *
     * @param page {@link GuestInfo#BYTES} or more, which it overwrites
     */
    static @Nullable GuestRam open(int pid, int descriptor, NativeBuffer page) {
        Fd file = null;
        boolean kept = false;
        try {
            file = Fd.openOfProcessToRead(pid, descriptor);
            for (long position : POSITIONS) {
                GuestInfo info = read(file, position, page);
                if (info != null) {
                    kept = true;
                    return new GuestRam(file, position, info.guest());
                }
            }
            return null;
        } catch (IOException e) {
            return null;
        } finally {
            if (file != null && !kept) {
                file.close();
            }
        }
    }

    private static @Nullable GuestInfo read(Fd file, long position, NativeBuffer page) {
        return file.readAt(position, page, GuestInfo.BYTES) == GuestInfo.BYTES ? GuestInfo.of(page.bytes()) : null;
    }

    /** The number of the guest whose RAM it is. */
    public long guest() {
        return guest;
    }

    /**
     * The guest's heartbeats; -1 if the page is not there now.
     *
     * @param page {@link GuestInfo#BYTES} or more, which it overwrites
     */
    public long beats(NativeBuffer page) {
        GuestInfo info = read(file, position, page);
        return info == null || info.guest() != guest ? -1 : info.beats();
    }

    /** Reads a word of the guest information page, which the guest of real QEMU uses; 0 if it cannot be read. */
    public long word(int offset) {
        NativeBuffer word = NativeBuffer.allocate(Long.BYTES);
        return file.readAt(position + offset, word, Long.BYTES) == Long.BYTES
                ? word.bytes().getLong(0)
                : 0;
    }

    /** Writes such a word. */
    public void setWord(int offset, long value) throws IOException {
        NativeBuffer word = NativeBuffer.allocate(Long.BYTES);
        word.bytes().putLong(0, value);
        file.writeAt(position + offset, word, Long.BYTES);
    }

    @Override
    public void close() {
        file.close();
    }
}
