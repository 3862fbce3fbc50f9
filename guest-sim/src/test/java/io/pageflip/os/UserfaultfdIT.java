package io.pageflip.os;

import static io.pageflip.os.Samples.PAGE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.sun.jna.Pointer;
import io.pageflip.testkit.ChildJvm;
import io.pageflip.testkit.OrdinaryUser;
import io.pageflip.testkit.Tasks;
import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class UserfaultfdIT {
    private static final int PAGES = 64;
    private static final long SHMEM = Userfaultfd.FEATURE_MINOR_SHMEM;

    /** The plain kind, if this user may have it. */
    private static Userfaultfd open(boolean userModeOnly) throws SyscallException {
        try {
            return Userfaultfd.open(Syscalls.LINUX, userModeOnly, SHMEM);
        } catch (SyscallException e) {
            assumeTrue(userModeOnly || e.errno() != Errno.EPERM, "plain userfaultfd: " + e.getMessage());
            throw e;
        }
    }

    private static MemFd ram() throws SyscallException {
        return MemFd.create("ram", PAGES * PAGE, false);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aContinuedPageIsTheSameFrame(boolean userModeOnly) throws IOException {
        try (MemFd file = ram();
                Mapping source = Mapping.shared(file);
                Mapping destination = Mapping.shared(file);
                Userfaultfd uffd = open(userModeOnly)) {
            Samples.number(source, 7000);
            uffd.registerMinor(destination);
            List<Long> before = Samples.entries(source, PAGES);
            source.dropEntries(0, PAGES * PAGE);
            assertThat(Samples.entries(source, PAGES)).noneMatch(Pagemap::present);

            assertThat(uffd.continueRange(destination, 0, PAGES * PAGE)).isEqualTo(PAGES * PAGE);

            List<Long> after = Samples.entries(destination, PAGES);
            assertThat(after).allMatch(Pagemap::present);
            assertThat(Samples.entries(source, PAGES)).as("the source's").noneMatch(Pagemap::present);
            assumeTrue(Pagemap.frame(before.get(0)) != 0, "frame numbers are hidden: no CAP_SYS_ADMIN");
            for (int page = 0; page < PAGES; page++) {
                assertThat(Pagemap.frame(after.get(page))).isNotZero().isEqualTo(Pagemap.frame(before.get(page)));
                assertThat(Samples.isNumbered(destination, page, 7000 + page)).isTrue();
            }
        }
    }

    @Test
    void aPageThatIsPresentIsAnsweredWithEexist() throws IOException {
        try (MemFd file = ram();
                Mapping mapping = Mapping.shared(file);
                Userfaultfd uffd = Userfaultfd.open(SHMEM)) {
            Samples.number(mapping, 1);
            uffd.registerMinor(mapping);
            assertThat(Samples.entries(mapping, PAGES))
                    .as("registering unmaps nothing")
                    .allMatch(Pagemap::present);
            assertThat(uffd.continueRange(mapping, 0, PAGE)).isEqualTo(-Errno.EEXIST);
            mapping.dropEntries(0, PAGE);
            assertThat(uffd.continueRange(mapping, 0, PAGE)).isEqualTo(PAGE);
            assertThat(uffd.continueRange(mapping, 0, PAGE)).isEqualTo(-Errno.EEXIST);
        }
    }

    @Test
    void aHoleIsAnsweredWithEfaultAndStaysOne() throws IOException {
        try (MemFd file = ram();
                Mapping mapping = Mapping.shared(file);
                Userfaultfd uffd = Userfaultfd.open(SHMEM)) {
            uffd.registerMinor(mapping);
            assertThat(uffd.continueRange(mapping, 5 * PAGE, PAGE)).isEqualTo(-Errno.EFAULT);
            assertThat(file.allocatedBytes()).isZero();
        }
    }

    @Test
    void whatStopsItInTheMiddleLeavesTheBytesThatWereMapped() throws IOException {
        try (MemFd file = ram();
                Mapping source = Mapping.shared(file);
                Mapping destination = Mapping.shared(file);
                Userfaultfd uffd = Userfaultfd.open(SHMEM)) {
            source.populate(0, 3 * PAGE); // then a hole
            source.populate(10 * PAGE, 10 * PAGE);
            uffd.registerMinor(destination);
            assertThat(uffd.continueRange(destination, 0, 10 * PAGE)).isEqualTo(3 * PAGE);
            assertThat(uffd.continueRange(destination, 14 * PAGE, PAGE)).isEqualTo(PAGE);
            assertThat(uffd.continueRange(destination, 10 * PAGE, 10 * PAGE))
                    .as("up to the page that is there already")
                    .isEqualTo(4 * PAGE);
            assertThat(uffd.continueRange(destination, 15 * PAGE, 5 * PAGE)).isEqualTo(5 * PAGE);
        }
    }

    @Test
    void aMappingThatIsNotRegisteredIsAnsweredWithEnoent() throws IOException {
        try (MemFd file = ram();
                Mapping mapping = Mapping.shared(file);
                Userfaultfd uffd = Userfaultfd.open(SHMEM)) {
            mapping.populate(0, PAGE);
            assertThat(uffd.continueRange(mapping, 0, PAGE)).isEqualTo(-Errno.ENOENT);
            uffd.registerMinor(mapping);
            uffd.unregister(mapping);
            assertThat(uffd.continueRange(mapping, 0, PAGE)).isEqualTo(-Errno.ENOENT);
        }
    }

    @Test
    void aRangeThatIsNotWholePagesIsAMistakeAndNoAnswer() throws IOException {
        try (MemFd file = ram();
                Mapping mapping = Mapping.shared(file);
                Userfaultfd uffd = Userfaultfd.open(SHMEM)) {
            uffd.registerMinor(mapping);
            for (long[] range : new long[][] {{8, PAGE}, {0, 100}, {0, 0}}) {
                SyscallException e = catchThrowableOfType(
                        SyscallException.class, () -> uffd.continueRange(mapping, range[0], range[1]));
                assertThat(e.errno()).isEqualTo(Errno.EINVAL);
                assertThat(e)
                        .hasMessage("UFFDIO_CONTINUE ram 0x" + Long.toHexString(mapping.address() + range[0]) + "+"
                                + range[1] + ": EINVAL");
            }
        }
    }

    @Test
    void privateMemoryCannotBeRegistered() throws SyscallException {
        try (Mapping mapping = Mapping.anonymous("private", PAGE);
                Userfaultfd uffd = Userfaultfd.open(SHMEM)) {
            SyscallException e = catchThrowableOfType(SyscallException.class, () -> uffd.registerMinor(mapping));
            assertThat(e.errno()).isEqualTo(Errno.EINVAL);
            assertThat(e).hasMessageStartingWith("UFFDIO_REGISTER private 0x");
        }
    }

    @Test
    void aFeatureThatNoKernelHasIsRefused() {
        SyscallException e = catchThrowableOfType(SyscallException.class, () -> Userfaultfd.open(1L << 62));
        assertThat(e.errno()).isEqualTo(Errno.EINVAL);
    }

    @Test
    void allFeaturesOfTheKernelAreKnown() throws SyscallException {
        try (Userfaultfd uffd = Userfaultfd.open(0)) {
            assertThat(uffd.features() & SHMEM).isEqualTo(SHMEM);
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void closingWakesATrappedThread(boolean userModeOnly) throws IOException {
        try (MemFd file = ram();
                Mapping mapping = Mapping.shared(file)) {
            Samples.number(mapping, 300);
            Userfaultfd uffd = open(userModeOnly);
            uffd.registerMinor(mapping);
            mapping.dropEntries(0, PAGES * PAGE);
            Tasks<Long> touch = Tasks.start("trapped", () -> mapping.getLong(9 * PAGE));
            Trap.awaitFault();
            assertThat(touch.isDone()).isFalse();
            uffd.close();
            assertThat(touch.await()).isEqualTo(309);
        }
    }

    @Test
    void unregisteringWakesATrappedThread() throws IOException {
        try (MemFd file = ram();
                Mapping mapping = Mapping.shared(file);
                Userfaultfd uffd = Userfaultfd.open(SHMEM)) {
            Samples.number(mapping, 300);
            uffd.registerMinor(mapping);
            mapping.dropEntries(0, PAGES * PAGE);
            Tasks<Boolean> touch = Tasks.start("trapped", () -> {
                mapping.setLong(9 * PAGE, 5);
                return true;
            });
            Trap.awaitFault();
            assertThat(touch.isDone()).isFalse();
            uffd.unregister(mapping);
            assertThat(touch.await()).isTrue();
            assertThat(mapping.getLong(9 * PAGE)).isEqualTo(5);
        }
    }

    @Test
    void aCollectionWhileAThreadIsTrappedDoesNotHang() throws IOException {
        try (ChildJvm child = ChildJvm.start(PageFlips.class, "user-mode-only")) {
            expectFlips(child);
        }
    }

    @Test
    void needsNoPrivilege() throws IOException {
        assumeTrue(OrdinaryUser.whyNot().isEmpty(), OrdinaryUser.whyNot());
        try (ChildJvm child = ChildJvm.startUnprivileged(PageFlips.class, "user-mode-only")) {
            expectFlips(child);
        }
    }

    private static void expectFlips(ChildJvm child) {
        child.expect("user mode only: true");
        child.expect("four pages: " + 4 * PAGE);
        child.expect("content: 903");
        child.expect("present: " + -Errno.EEXIST);
        child.expect("hole: " + -Errno.EFAULT);
        child.expect("up to the hole: " + 2 * PAGE);
        child.expect("collected, trapped: true");
        child.expect("woken with: 902");
        assertThat(child.awaitExit()).isZero();
    }

    @Test
    void requestsAndStructsAreThoseOfTheHeader() throws IOException {
        List<String> requests = new ArrayList<>();
        try (MemFd file = ram();
                Mapping mapping = Mapping.shared(file);
                Userfaultfd uffd = Userfaultfd.open(recording(requests), true, SHMEM)) {
            mapping.populate(0, PAGE);
            String start = Long.toHexString(mapping.address());
            uffd.registerMinor(mapping);
            mapping.dropEntries(0, PAGE);
            uffd.continueRange(mapping, 0, PAGE);
            uffd.unregister(mapping);
            // Number of the request (with direction and struct size), then the words that the kernel reads.
            assertThat(requests)
                    .containsExactly(
                            "c018aa3f: aa 400 0",
                            "c020aa00: " + start + " 40000 4",
                            "c020aa07: " + start + " 1000 1",
                            "8010aa01: " + start + " 40000",
                            "8010aa02: " + start + " 40000");
        }
    }

    /** The real kernel, with a note of each ioctl. */
    private static Syscalls recording(List<String> requests) {
        return (Syscalls) Proxy.newProxyInstance(
                Syscalls.class.getClassLoader(), new Class<?>[] {Syscalls.class}, (proxy, method, arguments) -> {
                    if (method.getName().equals("ioctl")) {
                        long request = (Long) arguments[1];
                        int words = (int) (request >> 16 & 0x3fff) / 8;
                        StringBuilder note = new StringBuilder(Long.toHexString(request)).append(':');
                        for (int i = 0; i < Math.min(3, words); i++) {
                            long word = new Pointer((Long) arguments[2]).getLong(8L * i);
                            note.append(' ').append(Long.toHexString(word));
                        }
                        requests.add(note.toString());
                    }
                    try {
                        return method.invoke(Syscalls.LINUX, arguments);
                    } catch (InvocationTargetException e) {
                        throw e.getCause();
                    }
                });
    }
}
