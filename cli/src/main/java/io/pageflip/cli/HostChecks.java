package io.pageflip.cli;

import io.pageflip.guest.Backing;
import io.pageflip.guest.GuestConfig;
import io.pageflip.memory.Quantity;
import io.pageflip.os.HostLacksException;
import io.pageflip.os.Proc;
import io.pageflip.source.SourceOptions;
import io.pageflip.wire.Mechanism;
import io.pageflip.wire.Message;
import java.io.IOException;

/** Whether this host can do what is asked for, before anything is made. */
final class HostChecks {
    private HostChecks() {}

    /**
     * Checks memory and the mechanism.
     *
     * @return whether this kernel moves gifted pages; false if nothing is gifted
     * @throws HostLacksException with what to use instead
     */
    static boolean beforeSource(SourceOptions options) throws IOException {
        checkRoom(options.guest(), options.mechanism());
        return false;
    }

    static boolean beforeDestination(Message.Hello hello) throws IOException {
        return false;
    }

    private static void checkRoom(GuestConfig guest, Mechanism mechanism) throws IOException {
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
        long needed = guest.ramBytes() * (mechanism == Mechanism.FLIP ? 1 : 2) / 100 * Math.max(1, guest.fillPercent());
        long available = Proc.availableBytes();
        if (needed > available) {
            throw new HostLacksException("no room for " + Quantity.format(needed) + " of guest RAM"
                    + (mechanism == Mechanism.FLIP ? "" : " (twice the guest: " + mechanism + " copies)") + ": "
                    + Quantity.format(available) + " are available; use a smaller --ram"
                    + (mechanism == Mechanism.FLIP ? "" : " or --mechanism flip"));
        }
    }
}
