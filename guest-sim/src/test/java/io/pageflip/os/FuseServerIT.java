package io.pageflip.os;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.pageflip.testkit.Tasks;
import io.pageflip.testkit.Waiting;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Pages of a file on a disk, read through a FUSE file, on the kernel that runs the tests. */
final class FuseServerIT {
    private static final int PAGES = 256;
    private static final long BYTES = PAGES * (long) Samples.PAGE;
    /** Another part of the kernel may hold a page or two at any moment. */
    private static final long MOST = PAGES * 9 / 10;

    private DiskFile disk;
    private Mapping guest;
    private Service service;

    @BeforeEach
    void start() throws IOException {
        Capability fuse = HostCapabilities.probeFuse();
        assumeTrue(fuse.available(), fuse.detail());
        assumeTrue(HostCapabilities.frameNumbersVisible(), "frame numbers are hidden from this user");
        try {
            disk = DiskFile.create(Path.of("/var/tmp"), "ram", BYTES);
        } catch (HostLacksException e) {
            assumeTrue(false, e.getMessage());
        }
        guest = Mapping.shared(disk);
        guest.populate(0, BYTES);
        Samples.number(guest, 1);
    }

    @AfterEach
    void stop() throws Exception {
        if (service != null) {
            service.close();
        }
        if (guest != null) {
            guest.close();
            disk.close();
        }
        assertThat(Files.readString(Path.of("/proc/self/mounts"))).doesNotContain("pageflip");
    }

    @Test
    void cleanPagesThatNobodyMapsMove() throws Exception {
        service = new Service(true);
        List<Long> before = frames(guest);
        guest.dropEntries(0, BYTES);
        disk.writeBack();
        service.server.admitReads();

        try (Fd file = service.mount.open("ram");
                Mapping copy = Mapping.lockedCopy(file, "copy", BYTES)) {
            copy.populateRead(0, BYTES);

            assertNumbered(copy);
            assertThat(same(before, frames(copy))).isGreaterThan(MOST);
            assertThat(service.server.splicedPages()).isEqualTo(PAGES);
        }
        assertNumbered(guest); // they come from the disk again
    }

    @Test
    void pagesThatAreMappedAreCopied() throws Exception {
        service = new Service(true);
        List<Long> before = frames(guest);
        disk.writeBack();
        service.server.admitReads();

        assertThat(sameAfterRead(before)).isLessThan(PAGES - MOST);
    }

    /**
     * Whether they are still dirty when they are read is the kernel's business, so only their content can be relied on.
     */
    @Test
    void dirtyPagesArriveAsTheyAre() throws Exception {
        service = new Service(true);
        List<Long> before = frames(guest);
        guest.dropEntries(0, BYTES);
        service.server.admitReads();

        assertThat(sameAfterRead(before)).isLessThanOrEqualTo(PAGES);
        assertNumbered(guest);
    }

    @Test
    void withoutTheFlagAllAreCopied() throws Exception {
        service = new Service(false);
        List<Long> before = frames(guest);
        guest.dropEntries(0, BYTES);
        disk.writeBack();
        service.server.admitReads();

        assertThat(sameAfterRead(before)).isZero();
    }

    @Test
    void whatWasReadOutlivesTheServer() throws Exception {
        service = new Service(true);
        guest.dropEntries(0, BYTES);
        disk.writeBack();
        service.server.admitReads();
        try (Fd file = service.mount.open("ram");
                Mapping copy = Mapping.lockedCopy(file, "copy", BYTES)) {
            copy.populateRead(0, BYTES);
            service.close();

            assertNumbered(copy);
            Samples.number(copy, 1000);
            assertThat(Samples.isNumbered(copy, 7, 1007)).isTrue();
        }
        assertNumbered(guest);
    }

    @Test
    void nothingCanBeReadBeforeItIsAdmitted() throws Exception {
        service = new Service(true);

        try (Fd file = service.mount.open("ram");
                Mapping copy = Mapping.lockedCopy(file, "copy", BYTES)) {
            assertThatThrownBy(() -> copy.populateRead(0, BYTES))
                    .isInstanceOf(SyscallException.class)
                    .hasMessageEndingWith(": EFAULT");
        }
    }

    @Test
    void nothingCanBeReadAfterTheServerHasGone() throws Exception {
        service = new Service(true);
        try (Fd file = service.mount.open("ram");
                Mapping copy = Mapping.lockedCopy(file, "copy", BYTES)) {
            service.server.admitReads();
            copy.populateRead(0, Samples.PAGE);
            service.close();

            assertThatThrownBy(() -> copy.populateRead(0, BYTES))
                    .isInstanceOf(SyscallException.class)
                    .hasMessageEndingWith(": EFAULT");
        }
    }

    @Test
    void whoWaitsForAnAnswerIsNotLeftWaiting() throws Exception {
        try (FuseMount mount = FuseMount.create()) {
            Tasks<String> open = Tasks.start("open", () -> {
                try (Fd file = mount.open("ram")) {
                    return "opened " + file;
                } catch (SyscallException e) {
                    return Errno.name(e.errno());
                }
            });
            assertThat(mount.device().awaitReadable(Waiting.LIMIT_MS)).isTrue(); // INIT, which nobody answers
            mount.closeDevice();

            assertThat(open.await()).isIn("ENOTCONN", "ECONNABORTED", "ENODEV", "errno 107");
        }
    }

    @Test
    void onlyItsFileIsTakenForIt() throws Exception {
        service = new Service(true);

        try (Fd file = service.mount.open("ram");
                Fd other = Fd.open(Syscalls.LINUX, "/proc/self/exe", Fd.O_RDONLY)) {
            FuseMount.requireFile(file, "ram", BYTES);
            assertThatThrownBy(() -> FuseMount.requireFile(file, "ram", BYTES + 1))
                    .isInstanceOf(IOException.class)
                    .hasMessage("the FUSE file of RAM block ram has 1048576 bytes, its owner said 1048577");
            assertThatThrownBy(() -> FuseMount.requireFile(other, "ram", BYTES))
                    .isInstanceOf(IOException.class)
                    .hasMessage("the file of RAM block ram is in no FUSE file system");
        }
    }

    @Test
    void thereIsNoOtherFile() throws Exception {
        service = new Service(true);

        assertThatThrownBy(() -> service.mount.open("rom"))
                .isInstanceOf(SyscallException.class)
                .hasMessageEndingWith(": ENOENT");
    }

    private long sameAfterRead(List<Long> before) throws IOException {
        try (Fd file = service.mount.open("ram");
                Mapping copy = Mapping.lockedCopy(file, "copy", BYTES)) {
            copy.populateRead(0, BYTES);
            assertNumbered(copy);
            return same(before, frames(copy));
        }
    }

    private static List<Long> frames(Mapping mapping) throws IOException {
        return Samples.entries(mapping, PAGES).stream().map(Pagemap::frame).toList();
    }

    private static long same(List<Long> before, List<Long> after) {
        long same = 0;
        for (int page = 0; page < PAGES; page++) {
            same += before.get(page) != 0 && before.get(page).equals(after.get(page)) ? 1 : 0;
        }
        return same;
    }

    private static void assertNumbered(Mapping mapping) {
        for (int page = 0; page < PAGES; page++) {
            assertThat(Samples.isNumbered(mapping, page, page + 1))
                    .as("page %d", page)
                    .isTrue();
        }
    }

    /** A server, and the thread that runs it. */
    private final class Service {
        private final FuseMount mount = FuseMount.create();
        private final FuseServer server;
        private final Tasks<Boolean> loop;
        private volatile boolean ending;

        Service(boolean move) throws IOException {
            server = new FuseServer(mount, disk, move);
            loop = Tasks.start("FUSE server", () -> {
                try {
                    boolean more = true;
                    while (more && !ending) {
                        more = server.serve(5);
                    }
                } finally {
                    mount.closeDevice();
                }
                return ending;
            });
        }

        void close() {
            ending = true;
            loop.await();
            mount.close();
            server.close();
        }
    }
}
