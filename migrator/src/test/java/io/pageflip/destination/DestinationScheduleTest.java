package io.pageflip.destination;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pageflip.guest.GuestConfig;
import io.pageflip.guest.Workload;
import io.pageflip.ram.Backing;
import io.pageflip.request.Mechanism;
import io.pageflip.request.Schedule;
import io.pageflip.scenario.Scenario;
import io.pageflip.wire.Message;
import io.pageflip.wire.ProtocolException;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Which schedules need that this destination maps the source's own pages. */
final class DestinationScheduleTest {
    private static final Message.Hello.File FILE = new Message.Hello.File(3, 4);

    private static Message.Hello hello(Schedule schedule, Mechanism mechanism) {
        GuestConfig guest = new GuestConfig(1 << 20, Backing.MEMFD, 1, Workload.IDLE, 0, 10, 100, 1);
        return new Message.Hello(
                1,
                1,
                1,
                mechanism,
                schedule,
                true,
                true,
                false,
                guest,
                Scenario.PLAIN,
                FILE,
                FILE,
                FILE,
                FILE,
                List.of());
    }

    @ParameterizedTest
    @CsvSource({"HANDOVER, FLIP", "POSTCOPY, FLIP", "HANDOVER, STREAM", "POSTCOPY, STREAM"})
    void pagesThatStayInPlaceNeedFlips(Schedule schedule, Mechanism mechanism) {
        Message.Hello hello = hello(schedule, mechanism);

        assertThatThrownBy(() -> DestinationSchedule.check(hello, false))
                .isInstanceOf(ProtocolException.class)
                .hasMessageContaining("--no-move needs --schedule stop-and-move");
        assertThatCode(() -> DestinationSchedule.check(hello, true)).doesNotThrowAnyException();
    }

    @ParameterizedTest
    @CsvSource({"POSTCOPY, PULL", "PRECOPY, STREAM", "PRECOPY, PULL", "STOP_AND_MOVE, FLIP", "STOP_AND_MOVE, FUSE"})
    void pagesThatAreCopiedNeedNone(Schedule schedule, Mechanism mechanism) {
        assertThatCode(() -> DestinationSchedule.check(hello(schedule, mechanism), false))
                .doesNotThrowAnyException();
    }
}
