package io.pageflip.os;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** What follows from what was found. */
final class HostCapabilitiesTest {
    private static final Capability MEMFD = Capability.yes("memfd", "sealed");
    private static final Capability NO_USERFAULTFD = Capability.no("userfaultfd", "denied");
    private static final Capability NO_MINOR_FAULTS = Capability.no("minor-faults-shmem", "too old");

    @Test
    void aMechanismIsUsableIfAllThatItNeedsIsThere() {
        assertThat(HostCapabilities.mechanism("pull", "copies", MEMFD)).isEqualTo(Capability.yes("pull", "copies"));
    }

    @Test
    void theFirstThingMissingIsTheCause() {
        assertThat(HostCapabilities.mechanism("pull", "copies", MEMFD, NO_USERFAULTFD, NO_MINOR_FAULTS))
                .isEqualTo(Capability.no("pull", "needs userfaultfd: denied"));
    }

    @Test
    void withoutFlipItSaysWhatToChooseInstead() {
        assertThat(HostCapabilities.flip("memfd", NO_MINOR_FAULTS))
                .isEqualTo(Capability.no("flip", "needs minor-faults-shmem: too old; choose stream, which copies"));
    }

    @Test
    void withoutWriteTrackingItSaysWhyAndWhatToChooseInstead() {
        assertThat(HostCapabilities.writeTracking(Capability.no("write-protect-async", "this kernel has none")))
                .isEqualTo(Capability.no(
                        "dirty-tracking",
                        "needs write-protect-async: this kernel has none; choose the guest's own dirty log instead"));
        assertThat(HostCapabilities.writeTracking(Capability.yes("write-protect-async", "finds it")))
                .isEqualTo(Capability.yes("dirty-tracking", "finds it"));
    }

    @Test
    void withoutFuseItSaysWhyAndWhatToChooseInstead() {
        assertThat(HostCapabilities.fuse(Capability.no("fuse", "there is no /dev/fuse (ENOENT)")))
                .isEqualTo(
                        Capability.no("fuse", "there is no /dev/fuse (ENOENT); choose flip, which needs no privilege"));
    }

    @Test
    void flipSaysOverWhichMemory() {
        assertThat(HostCapabilities.flip("memfd", MEMFD))
                .isEqualTo(Capability.yes("flip", "moves every page, over memfd"));
    }
}
