package io.pageflip.os;

import java.io.IOException;
import java.util.List;

/**
 * The capabilities of this host. No version number decides: each capability is tried, on memory and descriptors that
 * are released afterwards.
 *
 * <p>The probes may run on any thread, need no privilege and throw nothing: the cause of a failure is the answer.
 *
 * @param capabilities each says what works or why it does not, in the order in which a person wants to read them
 * @param mechanisms {@code flip}, {@code gift}, {@code stream}, {@code pull} and {@code fuse}: whether each can be used
 *     here
 */
public record HostCapabilities(List<Capability> capabilities, List<Capability> mechanisms) {

    /** Tries one capability: returns what works, or throws the cause. */
    @FunctionalInterface
    private interface Probe {
        String run() throws IOException;
    }

    /** Tries everything once, which takes some milliseconds. */
    public static HostCapabilities probe() {
        Capability memfd = attempt("memfd", HostProbes::sealedMemfd);
        Capability userfaultfd = attempt("userfaultfd", UserfaultfdProbe::kind);
        Capability minorShmem = minorFaults(false);
        Capability minorHugetlb = minorFaults(true);
        Capability vmspliceGift = attempt("vmsplice-gift", HostProbes::vmspliceGift);
        Capability giftedPagesMove = attempt("gifted-pages-move", HostProbes::giftedPagesMove);
        Capability pipe = attempt("pipe-size", HostProbes::pipeSize);
        Capability processVmReadv = attempt("process-vm-readv", HostProbes::processVmReadv);
        Capability fuse = attempt("fuse", HostProbes::fuse);
        List<Capability> capabilities = List.of(
                memfd,
                userfaultfd,
                minorShmem,
                minorHugetlb,
                attempt("write-protect-async", UserfaultfdProbe::writeProtectAsync),
                attempt("adopt", UserfaultfdProbe::adopt),
                attempt("pagemap-scan", HostProbes::pagemapScan),
                attempt("frame-numbers", HostProbes::frameNumbers),
                vmspliceGift,
                giftedPagesMove,
                pipe,
                processVmReadv,
                attempt("huge-pages", HostProbes::hugePages),
                attempt("idle-priority", HostProbes::idlePriority),
                fuse);
        List<Capability> mechanisms = List.of(
                flip("memfd" + (minorHugetlb.available() ? " and huge pages" : ""), memfd, userfaultfd, minorShmem),
                mechanism("gift", giftedPagesMove.available() ? "moves pages" : "copies every page once", vmspliceGift),
                mechanism("stream", "copies every page twice", pipe),
                mechanism("pull", "copies every page once", processVmReadv),
                fuse(fuse));
        return new HostCapabilities(capabilities, mechanisms);
    }

    /**
     * Finds out whether {@code flip} can run here: it needs userfaultfd in minor mode. Cheap enough for the start of
     * each migration.
     *
     * @param hugePages whether to try it on a hugetlb memfd, which takes one free huge page for a moment
     * @return a capability named {@code flip}; where it is not available, its detail is the cause and what to choose
     *     instead
     */
    public static Capability probeFlip(boolean hugePages) {
        return flip(
                hugePages ? "huge pages" : "memfd", attempt("memfd", HostProbes::sealedMemfd), minorFaults(hugePages));
    }

    /**
     * Finds out whether {@code mechanism} can run here, apart from {@code flip} and {@code fuse}. Cheap enough for the
     * start of each migration.
     *
     * @param mechanism {@code gift}, {@code stream} or {@code pull}
     * @return where it is not available, its detail is the cause and what to choose instead
     */
    public static Capability probeCopying(String mechanism) {
        Capability memfd = attempt("memfd", HostProbes::sealedMemfd); // every migration has a run token in one
        Capability found = switch (mechanism) {
            case "gift" -> mechanism("gift", "", memfd, attempt("vmsplice-gift", HostProbes::vmspliceGift));
            case "pull" -> mechanism("pull", "", memfd, attempt("process-vm-readv", HostProbes::processVmReadv));
            default -> mechanism(mechanism, "", memfd);
        };
        return found.available() || !memfd.available() || mechanism.equals("stream")
                ? found
                : Capability.no(mechanism, found.detail() + "; choose stream, which does not need it");
    }

    /**
     * Finds out whether the kernel can record the writes of a guest: it needs userfaultfd write-protection without a
     * fault handler ({@code WP_ASYNC}, Linux 6.7). Cheap enough for the start of each migration.
     *
     * @return where it is not available, its detail is the cause and what to choose instead
     */
    public static Capability probeWriteTracking() {
        return writeTracking(attempt("write-protect-async", UserfaultfdProbe::writeProtectAsync));
    }

    /**
     * Finds out whether private memory can become shared under a running guest: it needs userfaultfd write-protection
     * that makes writers wait, also in pages that do not exist yet ({@code WP_UNPOPULATED}, Linux 6.4). Cheap enough
     * for the start of each migration.
     *
     * @return a capability named {@code adopt}; where it is not available, its detail is the cause
     */
    public static Capability probeAdopt() {
        return attempt("adopt", UserfaultfdProbe::adopt);
    }

    static Capability writeTracking(Capability needed) {
        Capability tracking = mechanism("dirty-tracking", needed.detail(), needed);
        return tracking.available()
                ? tracking
                : Capability.no("dirty-tracking", tracking.detail() + "; choose the guest's own dirty log instead");
    }

    /**
     * Finds out whether {@code fuse} can run here: it needs FUSE and the right to mount. Cheap enough for the start of
     * each migration.
     *
     * @return a capability named {@code fuse}; where it is not available, its detail is the cause and what to choose
     *     instead
     */
    public static Capability probeFuse() {
        return fuse(attempt("fuse", HostProbes::fuse));
    }

    static Capability fuse(Capability needed) {
        return needed.available()
                ? Capability.yes(
                        "fuse", "moves clean pages of a file on a disk; a demonstration for root, not the fast path")
                : Capability.no("fuse", needed.detail() + "; choose flip, which needs no privilege");
    }

    /** Whether this process sees the frame numbers of its pages, which needs {@code CAP_SYS_ADMIN}. */
    public static boolean frameNumbersVisible() {
        return Pagemap.framesVisible();
    }

    /** Whether the default migration can run here: {@code flip} over memfd. */
    public Capability defaultMigration() {
        return mechanisms.get(0);
    }

    static Capability flip(String over, Capability... needed) {
        Capability flip = mechanism("flip", "moves every page, over " + over, needed);
        return flip.available() ? flip : Capability.no("flip", flip.detail() + "; choose stream, which copies");
    }

    /**
     * A mechanism that can be used if all of {@code needed} is available; otherwise the first missing one is the cause.
     */
    static Capability mechanism(String name, String detail, Capability... needed) {
        for (Capability capability : needed) {
            if (!capability.available()) {
                return Capability.no(name, "needs " + capability.name() + ": " + capability.detail());
            }
        }
        return Capability.yes(name, detail);
    }

    private static Capability minorFaults(boolean hugePages) {
        String name = hugePages ? "minor-faults-hugetlb" : "minor-faults-shmem";
        return attempt(name, () -> UserfaultfdProbe.minorFaults(hugePages));
    }

    private static Capability attempt(String name, Probe probe) {
        try {
            return Capability.yes(name, probe.run());
        } catch (IOException e) {
            return Capability.no(name, String.valueOf(e.getMessage()));
        }
    }
}
