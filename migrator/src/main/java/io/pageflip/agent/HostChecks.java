package io.pageflip.agent;

import io.pageflip.guest.GuestConfig;
import io.pageflip.os.Capability;
import io.pageflip.os.DiskFile;
import io.pageflip.os.GiftProbe;
import io.pageflip.os.HostCapabilities;
import io.pageflip.os.HostLacksException;
import io.pageflip.os.MemoryLimits;
import io.pageflip.os.Proc;
import io.pageflip.ram.Backing;
import io.pageflip.request.Mechanism;
import io.pageflip.request.MigrationRequest;
import io.pageflip.wire.Message;
import java.io.IOException;
import java.nio.file.Path;

/**
 * Checks whether this host can do what is asked for, before anything is made. ({@link io.pageflip.request.RequestRules}
 * checks whether the request makes sense.) Any thread may call it.
 */
public final class HostChecks {
    private HostChecks() {}

    /**
     * Checks memory, disk and the mechanism, for a source that makes the guest.
     *
     * @return whether this kernel moves gifted pages; false if nothing is gifted
     * @throws HostLacksException with what to use instead
     */
    public static boolean beforeSource(MigrationRequest request) throws IOException {
        checkScheduling("here");
        checkRoom(request);
        if (request.mechanism() == Mechanism.PULL) {
            check(HostCapabilities.probeCopying(Mechanism.STREAM.toString()), "pull", "here"); // only its peer reads
        } else {
            checkMechanism(request.mechanism(), request.guest(), "here");
        }
        Path directory = request.ramDirectory();
        if (directory != null) {
            DiskFile.create(directory, "check", request.guest().ramBytes()).close();
        }
        if (request.adopts()) {
            checkAdopt(request);
        }
        boolean moves = movesGifts(request);
        if (moves && !request.noWayBack()) {
            throw new HostLacksException(
                    "this kernel really moves gifted pages: if the migration fails after the first of "
                            + "them, the guest is lost; say --no-way-back if that is acceptable, or use --mechanism stream");
        }
        return moves;
    }

    /**
     * Checks all that both agents need, for a command that is about to start both on this host.
     *
     * @throws HostLacksException with what to use instead
     */
    public static void beforeBoth(MigrationRequest request) throws IOException {
        beforeSource(request);
        if (request.mechanism() == Mechanism.PULL) {
            checkMechanism(Mechanism.PULL, request.guest(), "here");
        }
        if (request.guest().backing() != Backing.HUGETLB) {
            Room.migrating(request.guest(), request.scenario(), request.mechanism())
                    .checkWithAgents();
        }
    }

    /**
     * The same for the destination, which learns from the greeting what is asked for. It checks later, when it makes
     * its memory, whether there is room.
     */
    public static boolean beforeDestination(Message.Hello hello) throws IOException {
        checkScheduling("at the destination");
        if (hello.mechanism() != Mechanism.FUSE) { // its destination mounts nothing
            checkMechanism(hello.mechanism(), hello.guest(), "at the destination");
        }
        return movesGifts(hello.mechanism(), hello.gifts());
    }

    /** Whether pages are gifted, and this kernel really moves them. */
    public static boolean movesGifts(MigrationRequest request) throws IOException {
        return movesGifts(request.mechanism(), request.gifts());
    }

    private static boolean movesGifts(Mechanism mechanism, boolean gifts) throws IOException {
        return mechanism == Mechanism.GIFT && gifts && GiftProbe.run().outcome() == GiftProbe.Outcome.MOVES;
    }

    private static void checkAdopt(MigrationRequest request) throws IOException {
        Capability adopt = HostCapabilities.probeAdopt();
        if (!adopt.available()) {
            throw new HostLacksException("private memory cannot be adopted here: " + adopt.detail()
                    + "; leave --adopt out, and --mechanism gift copies it");
        }
        Room.adopting(request.guest(), request.adoptChunkBytes()).check();
    }

    /** @param where the side that is checked, for the message */
    private static void checkMechanism(Mechanism mechanism, GuestConfig guest, String where) throws HostLacksException {
        Capability capability = switch (mechanism) {
            case FLIP -> HostCapabilities.probeFlip(guest.backing() == Backing.HUGETLB);
            case FUSE -> HostCapabilities.probeFuse();
            case GIFT, STREAM, PULL -> HostCapabilities.probeCopying(mechanism.toString());
        };
        check(capability, mechanism.toString(), where);
    }

    private static void check(Capability capability, String mechanism, String where) throws HostLacksException {
        if (!capability.available()) {
            throw new HostLacksException(mechanism + " cannot run " + where + ": " + capability.detail());
        }
    }

    /** A vCPU never sleeps: with such a policy it would keep every other thread of its JVM off its processor. */
    private static void checkScheduling(String where) throws HostLacksException {
        if (Proc.isRealTime()) {
            throw new HostLacksException(
                    "no guest can run " + where + ": the process has a real-time scheduling policy, "
                            + "and a vCPU would keep all other threads off its processor; start it without (chrt --other 0)");
        }
    }

    private static void checkRoom(MigrationRequest request) throws IOException {
        GuestConfig guest = request.guest();
        Room.checkAddressSpace(guest);
        if (guest.backing() == Backing.HUGETLB) {
            boolean once = request.mechanism() == Mechanism.FLIP;
            long needed = guest.ramBytes() / Backing.HUGETLB.pageBytes() * (once ? 1 : 2);
            MemoryLimits.Limit limit = MemoryLimits.hugePages();
            long free = limit.availableBytes() / Backing.HUGETLB.pageBytes();
            if (needed > free) {
                throw new HostLacksException("--backing hugetlb needs " + needed + " huge pages of 2 MiB, and "
                        + (limit.name().isEmpty()
                                ? free + " are reserved and free; reserve them (root: echo " + needed
                                        + " > /proc/sys/vm/nr_hugepages)"
                                : limit.name() + " leaves " + free + "; raise it")
                        + " or use --backing memfd");
            }
            return;
        }
        Room.migrating(guest, request.scenario(), request.mechanism()).check();
    }
}
