package io.pageflip.cli;

import io.pageflip.guest.GuestConfig;
import io.pageflip.memory.Quantity;
import io.pageflip.os.Capability;
import io.pageflip.os.DiskFile;
import io.pageflip.os.GiftProbe;
import io.pageflip.os.HostCapabilities;
import io.pageflip.os.HostLacksException;
import io.pageflip.os.Proc;
import io.pageflip.ram.Backing;
import io.pageflip.request.Mechanism;
import io.pageflip.scenario.Scenario;
import io.pageflip.wire.Message;
import java.io.IOException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** Whether this host can do what is asked for, before anything is made. */
final class HostChecks {
    private HostChecks() {}

    /**
     * Checks memory, disk and the mechanism.
     *
     * @param ramDirectory of the file that RAM lies in; null if it lies in none
     * @return whether this kernel moves gifted pages; false if nothing is gifted
     * @throws HostLacksException with what to use instead
     */
    static boolean beforeSource(
            GuestConfig guest,
            Scenario scenario,
            @Nullable Path ramDirectory,
            Mechanism mechanism,
            boolean gifts,
            boolean noWayBack)
            throws IOException {
        checkRoom(guest, scenario, mechanism);
        if (mechanism == Mechanism.FLIP) {
            checkFlip(guest);
        }
        if (mechanism == Mechanism.FUSE) {
            checkFuse();
        }
        if (ramDirectory != null) {
            DiskFile.create(ramDirectory, "check", guest.ramBytes()).close();
        }
        boolean moves = movesGifts(mechanism, gifts);
        if (moves && !noWayBack) {
            throw new HostLacksException(
                    "this kernel really moves gifted pages: if the migration fails after the first of "
                            + "them, the guest is lost; say --no-way-back if that is acceptable, or use --mechanism stream");
        }
        return moves;
    }

    /** The same for the destination, which learns from the greeting what is wanted. */
    static boolean beforeDestination(Message.Hello hello) throws IOException {
        if (hello.mechanism() == Mechanism.FLIP) {
            checkFlip(hello.guest());
        }
        return movesGifts(hello.mechanism(), hello.gifts());
    }

    /**
     * Checks that private memory can become shared under a running guest, and that there is room for one chunk more
     * than it.
     *
     * @throws HostLacksException with the cause, and what to use instead
     */
    static void adopt(GuestConfig guest, long chunkBytes) throws IOException {
        Capability adopt = HostCapabilities.probeAdopt();
        if (!adopt.available()) {
            throw new HostLacksException("private memory cannot be adopted here: " + adopt.detail()
                    + "; leave --adopt out, and --mechanism gift copies it");
        }
        long needed = guest.ramBytes() / 100 * Math.max(1, guest.fillPercent()) + chunkBytes;
        long available = Proc.availableBytes();
        if (needed > available) {
            throw new HostLacksException(
                    "no room for " + Quantity.format(needed) + " (guest RAM, and one chunk of it twice): "
                            + Quantity.format(available) + " are available; use a smaller --adopt-chunk");
        }
    }

    private static void checkFlip(GuestConfig guest) throws HostLacksException {
        Capability flip = HostCapabilities.probeFlip(guest.backing() == Backing.HUGETLB);
        if (!flip.available()) {
            throw new HostLacksException("flip cannot run here: " + flip.detail());
        }
    }

    private static void checkFuse() throws HostLacksException {
        Capability fuse = HostCapabilities.probeFuse();
        if (!fuse.available()) {
            throw new HostLacksException("fuse cannot run here: " + fuse.detail());
        }
    }

    /** Whether pages are gifted, and this kernel really moves them. */
    static boolean movesGifts(Mechanism mechanism, boolean gifts) throws IOException {
        return mechanism == Mechanism.GIFT && gifts && GiftProbe.run().outcome() == GiftProbe.Outcome.MOVES;
    }

    private static void checkRoom(GuestConfig guest, Scenario scenario, Mechanism mechanism) throws IOException {
        if (guest.backing() == Backing.HUGETLB) {
            long needed = guest.ramBytes() / Backing.HUGETLB.pageBytes() * (mechanism == Mechanism.FLIP ? 1 : 2);
            long free = Proc.freeHugePages();
            if (needed > free) {
                throw new HostLacksException("--backing hugetlb needs " + needed + " huge pages of 2 MiB, and " + free
                        + " are reserved and free; reserve them (root: echo " + needed
                        + " > /proc/sys/vm/nr_hugepages) or use --backing memfd");
            }
            return;
        }
        String without = noRoom(guest, scenario, mechanism, Proc.availableBytes());
        if (without != null) {
            throw new HostLacksException(without);
        }
    }

    /** Why there is no room for guest RAM in pages of 4 KiB, and what to use instead; null if there is. */
    static @Nullable String noRoom(GuestConfig guest, Scenario scenario, Mechanism mechanism, long availableBytes) {
        // Of pages that fuse copies, those at the source are clean: they give way.
        boolean once = mechanism == Mechanism.FLIP || mechanism == Mechanism.FUSE;
        int percent = (once ? 100 : 200) + scenario.sharerPercent();
        long needed = guest.ramBytes() / 100 * percent / 100 * Math.max(1, guest.fillPercent());
        if (needed <= availableBytes) {
            return null;
        }
        String why = "";
        String instead = "use a smaller --ram";
        if (!once) {
            why = " (twice the guest: " + mechanism + " copies)";
            instead += " or --mechanism flip";
        } else if (scenario.sharerPercent() > 0) {
            why = " (what --sharer maps, " + scenario.sharerPercent() + " % of it, twice)";
            instead += " or --sharer";
        }
        return "no room for " + Quantity.format(needed) + " of guest RAM" + why + ": " + Quantity.format(availableBytes)
                + " are available; " + instead;
    }
}
