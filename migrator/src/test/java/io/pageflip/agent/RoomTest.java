package io.pageflip.agent;

import static org.assertj.core.api.Assertions.assertThat;

import io.pageflip.guest.GuestConfig;
import io.pageflip.guest.Workload;
import io.pageflip.os.MemoryLimits;
import io.pageflip.ram.Backing;
import io.pageflip.ram.BlockSpec;
import io.pageflip.request.Mechanism;
import io.pageflip.scenario.RamConditions;
import io.pageflip.scenario.Scenario;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class RoomTest {
    private static final long MIB = 1 << 20;

    /** A guest of 1000 MiB. */
    private static GuestConfig guest(int fill) {
        return new GuestConfig(1000 * MIB, Backing.MEMFD, 1, Workload.IDLE, 0, 10, fill, 1);
    }

    @ParameterizedTest
    @CsvSource({
        // mechanism, fill, sharer -> MiB
        "FLIP,   100,   0, 1000",
        "FLIP,    30,   0,  300",
        "FLIP,     0,   0,   10",
        "FLIP,   100,   5, 1050",
        "FLIP,   100, 100, 2000",
        "FLIP,    30,  20,  360",
        "FUSE,   100,   0, 1000",
        "STREAM, 100,   0, 2000",
        "PULL,    50,   0, 1000",
        "GIFT,   100,   0, 2000",
    })
    void aGuestNeedsRoomForWhatItWroteAndForWhatIsCopied(Mechanism mechanism, int fill, int sharer, long neededMiB) {
        GuestConfig guest = guest(fill);
        Scenario scenario = new Scenario(sharer, RamConditions.PLAIN);
        Room room = Room.migrating(guest, scenario, mechanism);
        assertThat(room.lack(MemoryLimits.Limit.ofHost(neededMiB * MIB))).isEmpty();
        assertThat(room.lack(MemoryLimits.Limit.ofHost((neededMiB - 1) * MIB))).isPresent();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "FLIP   | 0  | 1000 MiB of guest RAM: 64.0 MiB are available; use a smaller --ram",
                "FLIP   | 20 | 1.17 GiB of guest RAM (what --sharer maps, 20 % of it, twice): 64.0 MiB are available; "
                        + "use a smaller --ram or --sharer",
                "STREAM | 0  | 1.95 GiB of guest RAM (twice the guest: stream copies): 64.0 MiB are available; "
                        + "use a smaller --ram or --mechanism flip",
            })
    void theSentenceSaysWhatItIsForAndWhatToUseInstead(Mechanism mechanism, int sharer, String sentence) {
        Scenario scenario = new Scenario(sharer, RamConditions.PLAIN);
        assertThat(Room.migrating(guest(100), scenario, mechanism).lack(MemoryLimits.Limit.ofHost(64 * MIB)))
                .contains("no room for " + sentence);
    }

    @Test
    void theSentenceNamesALimitThatIsNotTheHosts() {
        MemoryLimits.Limit limit = new MemoryLimits.Limit("memory.max of the control group /small", 64 * MIB);
        assertThat(Room.migrating(guest(100), Scenario.PLAIN, Mechanism.FLIP).lack(limit))
                .contains("no room for 1000 MiB of guest RAM: 64.0 MiB are available (memory.max of the control group "
                        + "/small); use a smaller --ram");
    }

    @Test
    void inAControlGroupTheAgentsCount() {
        MemoryLimits.Limit group = new MemoryLimits.Limit("memory.max of the control group /small", 200 * MIB);
        assertThat(Room.withAgents(group))
                .isEqualTo(new MemoryLimits.Limit(
                        "memory.max of the control group /small, less 160 MiB for the agents", 40 * MIB));
        assertThat(Room.withAgents(MemoryLimits.Limit.ofHost(MIB))).isEqualTo(MemoryLimits.Limit.ofHost(MIB));
    }

    @Test
    void aChunkThatIsAdoptedIsThereTwice() {
        Room room = Room.adopting(guest(50), 100 * MIB);
        assertThat(room.neededBytes()).isEqualTo(600 * MIB);
        assertThat(room.lack(MemoryLimits.Limit.ofHost(64 * MIB)))
                .contains("no room for 600 MiB of guest RAM (and one chunk of it twice): 64.0 MiB are available; use a "
                        + "smaller --adopt-chunk");
    }

    @ParameterizedTest
    @CsvSource({"true, 0", "true, 20", "false, 0", "false, 20"})
    void aDestinationNeedsRoomForWhatItDoesNotShare(boolean flips, int sharer) {
        GuestConfig guest = guest(50);
        long own = guest.blocks().stream()
                .filter(block -> !flips || !block.backing().shareable())
                .mapToLong(BlockSpec::mappedBytes)
                .sum();

        Room room = Room.arriving(guest, new Scenario(sharer, RamConditions.PLAIN), flips);

        assertThat(room.neededBytes()).isEqualTo(own + (flips ? 10 * MIB * sharer : 0));
        assertThat(room.lack(MemoryLimits.Limit.ofHost(0)).orElseThrow())
                .contains("(a second copy of it): ", "which needs no second copy");
    }
}
