package io.pageflip.destination;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pageflip.agent.Room;
import io.pageflip.guest.GuestConfig;
import io.pageflip.guest.Workload;
import io.pageflip.os.HostLacksException;
import io.pageflip.os.MemoryLimits;
import io.pageflip.ram.Backing;
import io.pageflip.ram.BlockSpec;
import io.pageflip.request.Mechanism;
import io.pageflip.request.Schedule;
import io.pageflip.scenario.RamConditions;
import io.pageflip.scenario.Scenario;
import io.pageflip.wire.Message;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Whether an agent has room for a guest that a peer describes. */
final class GuestRoomTest {
    private static final long RAM = 64 << 20;
    private static final Message.Hello.File FILE = new Message.Hello.File(3, 4);

    private static Message.Hello hello(Backing backing, Schedule schedule, int sharerPercent) {
        return new Message.Hello(
                1,
                1,
                1,
                Mechanism.FLIP,
                schedule,
                true,
                true,
                false,
                new GuestConfig(RAM, backing, 1, Workload.IDLE, 0, 10, 100, 1),
                new Scenario(sharerPercent, RamConditions.PLAIN),
                FILE,
                FILE,
                FILE,
                FILE,
                List.of());
    }

    private static long bytes(Message.Hello hello, Backing backing) {
        return hello.guest().blocks().stream()
                .filter(spec -> spec.backing() == backing)
                .mapToLong(BlockSpec::mappedBytes)
                .sum();
    }

    @Test
    void aSecondCopyIsNeededOfWhatIsNotFlipped() {
        Message.Hello hello = hello(Backing.MEMFD, Schedule.STOP_AND_MOVE, 0);
        long anonymous = bytes(hello, Backing.ANONYMOUS);

        assertThat(Room.arriving(hello.guest(), hello.scenario(), true).neededBytes())
                .isEqualTo(anonymous);
        assertThat(Room.arriving(hello.guest(), hello.scenario(), false).neededBytes())
                .isEqualTo(anonymous + bytes(hello, Backing.MEMFD));
    }

    @Test
    void whatASharerMapsIsCopiedAlthoughTheRestIsFlipped() {
        Message.Hello plain = hello(Backing.MEMFD, Schedule.HANDOVER, 0);
        Message.Hello shared = hello(Backing.MEMFD, Schedule.HANDOVER, 25);

        assertThat(Room.arriving(shared.guest(), shared.scenario(), true).neededBytes()
                        - Room.arriving(plain.guest(), plain.scenario(), true).neededBytes())
                .isEqualTo(RAM / 100 * 25);
    }

    @Test
    void hugePagesAreReservedElsewhere() {
        Message.Hello hello = hello(Backing.HUGETLB, Schedule.STOP_AND_MOVE, 0);

        assertThat(Room.arriving(hello.guest(), hello.scenario(), false).neededBytes())
                .isEqualTo(bytes(hello, Backing.ANONYMOUS) + bytes(hello, Backing.MEMFD));
    }

    @Test
    void tooLittleMemoryIsALackWithWhatWouldHelp() {
        Message.Hello hello = hello(Backing.ANONYMOUS, Schedule.STOP_AND_MOVE, 0);
        Room room = Room.arriving(hello.guest(), hello.scenario(), false);

        assertThat(room.lack(MemoryLimits.Limit.ofHost(room.neededBytes()))).isEmpty();
        assertThat(room.lack(MemoryLimits.Limit.ofHost(room.neededBytes() - 1)))
                .hasValueSatisfying(sentence -> assertThat(sentence)
                        .startsWith("no room for ")
                        .endsWith("; use --mechanism flip, which needs no second copy"));
    }

    @ParameterizedTest
    @CsvSource({"STOP_AND_MOVE, 7", "HANDOVER, 7", "POSTCOPY, 7", "PRECOPY, 15"})
    void accountsOfPagesTakeHalfOfTheHeapAtMost(Schedule schedule, int bitsPerPage) {
        Message.Hello hello = hello(Backing.MEMFD, schedule, 0);
        long pages = hello.guest().blocks().stream().mapToLong(BlockSpec::pages).sum();
        long enough = (pages * bitsPerPage * 2 + 7) / 8;

        assertThatCode(() -> GuestRoom.checkHeap(hello, enough)).doesNotThrowAnyException();
        assertThatThrownBy(() -> GuestRoom.checkHeap(hello, enough - 8))
                .isInstanceOf(HostLacksException.class)
                .hasMessageStartingWith("a guest of " + pages + " pages: ");
    }

    @Test
    void aHeapThatIsTooSmallIsToldWhatIsEnough() {
        Message.Hello hello = hello(Backing.MEMFD, Schedule.HANDOVER, 0);
        long pages = hello.guest().blocks().stream().mapToLong(BlockSpec::pages).sum();

        assertThatThrownBy(() -> GuestRoom.checkHeap(hello, 1024))
                .hasMessage(
                        "a guest of " + pages + " pages: this agent's heap has room to account for 585; give it more "
                                + "with PAGEFLIP_JAVA_OPTS=-Xmx1m");
    }
}
