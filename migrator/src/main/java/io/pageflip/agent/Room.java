package io.pageflip.agent;

import io.pageflip.guest.GuestConfig;
import io.pageflip.memory.Quantity;
import io.pageflip.os.HostLacksException;
import io.pageflip.os.MemoryLimits;
import io.pageflip.ram.Backing;
import io.pageflip.ram.BlockSpec;
import io.pageflip.request.Mechanism;
import io.pageflip.scenario.Scenario;
import java.io.IOException;
import java.util.Optional;

/**
 * Memory, in pages of 4 KiB, that an agent is about to take. There is a factory method for each occasion;
 * {@link #check} is the same for all.
 *
 * @param neededBytes how much memory
 * @param what what the memory is for, for the message: with a space before it and in brackets, or empty
 * @param instead what to use if there is less, for the message
 */
public record Room(long neededBytes, String what, String instead) {
    /** Private memory of two agents, without the guest: some 60 MiB each, and what the guest's page tables take. */
    private static final long AGENTS_BYTES = 160L << 20;

    /**
     * For a whole migration, before the guest is made: the memory that both agents take for the part of RAM that is
     * written.
     */
    public static Room migrating(GuestConfig guest, Scenario scenario, Mechanism mechanism) {
        // Pages that fuse copies are clean at the source: the kernel drops them there if it needs room.
        boolean once = mechanism == Mechanism.FLIP || mechanism == Mechanism.FUSE;
        int sharer = scenario.sharerPercent();
        int percent = (once ? 100 : 200) + sharer;
        long needed = guest.ramBytes() / 100 * percent / 100 * Math.max(1, guest.fillPercent());
        if (!once) {
            return new Room(
                    needed, " (twice the guest: " + mechanism + " copies)", "use a smaller --ram or --mechanism flip");
        }
        return sharer == 0
                ? new Room(needed, "", "use a smaller --ram")
                : new Room(
                        needed,
                        " (what --sharer maps, " + sharer + " % of it, twice)",
                        "use a smaller --ram or --sharer");
    }

    /** For a guest whose private RAM is adopted: one chunk of it is there twice. */
    public static Room adopting(GuestConfig guest, long chunkBytes) {
        long needed = guest.ramBytes() / 100 * Math.max(1, guest.fillPercent()) + chunkBytes;
        return new Room(needed, " (and one chunk of it twice)", "use a smaller --adopt-chunk");
    }

    /**
     * For a destination, when the source has its part already: every block that is copied, holes included.
     *
     * @param flips whether the destination maps the blocks that both agents can map
     */
    public static Room arriving(GuestConfig guest, Scenario scenario, boolean flips) {
        long apart = flips ? guest.ramBytes() / 100 * scenario.sharerPercent() : 0;
        long needed = apart
                + guest.blocks().stream()
                        .filter(spec -> !flips || !spec.backing().shareable())
                        .filter(spec -> spec.backing() != Backing.HUGETLB)
                        // Pages that do not move are clean at the source: the kernel drops them there if it needs room.
                        .filter(spec -> spec.backing() != Backing.FILE)
                        .mapToLong(BlockSpec::mappedBytes)
                        .sum();
        return new Room(needed, " (a second copy of it)", "use --mechanism flip, which needs no second copy");
    }

    /** Why there is no room, and what to use instead; empty if there is. */
    public Optional<String> lack(MemoryLimits.Limit limit) {
        return neededBytes <= limit.availableBytes()
                ? Optional.empty()
                : Optional.of("no room for " + Quantity.format(neededBytes) + " of guest RAM" + what + ": "
                        + Quantity.format(limit.availableBytes()) + " are available"
                        + (limit.name().isEmpty() ? "" : " (" + limit.name() + ")") + "; " + instead);
    }

    /**
     * Checks whether this process may map a guest, however little of it is in memory.
     *
     * @throws HostLacksException if it may not
     */
    public static void checkAddressSpace(GuestConfig guest) throws HostLacksException {
        MemoryLimits.Limit limit = MemoryLimits.mapping(guest.backing() != Backing.ANONYMOUS);
        if (guest.ramBytes() > limit.availableBytes()) {
            throw new HostLacksException("no room to map " + Quantity.format(guest.ramBytes()) + " of guest RAM: "
                    + limit.name() + " leaves " + Quantity.format(limit.availableBytes())
                    + "; raise it, or use a smaller --ram");
        }
    }

    /**
     * What a limit leaves for the guest before the agents are started. The kernel kills in a control group, so what the
     * agents need counts there.
     */
    static MemoryLimits.Limit withAgents(MemoryLimits.Limit limit) {
        return limit.name().isEmpty()
                ? limit
                : new MemoryLimits.Limit(
                        limit.name() + ", less " + Quantity.format(AGENTS_BYTES) + " for the agents",
                        Math.max(0, limit.availableBytes() - AGENTS_BYTES));
    }

    /**
     * Checks whether this host has the room now.
     *
     * @throws HostLacksException if it does not
     */
    public void check() throws IOException {
        check(MemoryLimits.memory());
    }

    /**
     * Checks whether this host has the room for this, and for both agents, which are not started yet.
     *
     * @throws HostLacksException if it does not
     */
    public void checkWithAgents() throws IOException {
        check(withAgents(MemoryLimits.memory()));
    }

    private void check(MemoryLimits.Limit limit) throws HostLacksException {
        Optional<String> lack = lack(limit);
        if (lack.isPresent()) {
            throw new HostLacksException(lack.get());
        }
    }
}
