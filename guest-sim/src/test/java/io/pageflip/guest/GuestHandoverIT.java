package io.pageflip.guest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pageflip.ram.Backing;
import io.pageflip.switchover.SwitchoverPage;
import io.pageflip.testkit.Waiting;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The guest's state crosses from one owner of its memory to the next, as in a migration. */
final class GuestHandoverIT {
    private static final int VCPUS = 2;

    private static GuestConfig config(Workload workload) {
        return Machine.config(2 << 20, Backing.MEMFD, VCPUS, workload, 100);
    }

    @ParameterizedTest
    @EnumSource
    void theHeartbeatGoesOnWhereItStopped(Workload workload) throws IOException {
        try (Machine source = Machine.powerOn(config(workload))) {
            source.guest().resume();
            source.awaitInstructions(1000);
            source.guest().stop();
            SwitchoverPage state = source.save();
            long instructions = source.guest().instructions();

            try (Machine destination = source.successor()) {
                destination.guest().load(state);
                destination.verifyMatches();
                assertThat(destination.guest().instructions()).isEqualTo(instructions);
                destination.guest().resume();
                long[] first = destination.guest().awaitFirstInstructions(Waiting.LIMIT_NS);
                destination.awaitInstructions(1000);
                destination.guest().stop();

                destination.verifyMatches();
                List<Long> before = List.of(state.vcpuInstructions(0), state.vcpuInstructions(1));
                List<Long> last = List.of(state.vcpuLastInstructionNs(0), state.vcpuLastInstructionNs(1));
                SwitchoverPage later = destination.save();
                for (int i = 0; i < VCPUS; i++) {
                    assertThat(later.vcpuInstructions(i)).isGreaterThanOrEqualTo(before.get(i) + 1000);
                    assertThat(first[i]).isGreaterThan(last.get(i));
                }
            }
        }
    }

    @Test
    void itsClockDoesNotJump() throws IOException {
        try (Machine source = Machine.powerOn(config(Workload.IDLE))) {
            source.guest().resume();
            source.awaitInstructions(100);
            source.guest().stop();
            SwitchoverPage state = source.save();
            try (Machine destination = source.successor()) {
                destination.guest().load(state);
                assertThat(destination.guest().clockNs()).isEqualTo(state.clockNs());
                long before = System.nanoTime();
                destination.guest().resume();
                long now = destination.guest().clockNs();
                assertThat(now).isBetween(state.clockNs(), state.clockNs() + System.nanoTime() - before);
                destination.guest().stop();
                assertThat(destination.guest().clockNs()).isGreaterThanOrEqualTo(now);
            }
        }
    }

    @Test
    void everyConsoleLineComesOutOnceAndComplete() throws IOException {
        try (Machine first = Machine.powerOn(config(Workload.IDLE))) {
            first.guest().resume();
            first.awaitConsoleLines(2);
            first.guest().stop();
            try (Machine second = first.successor()) {
                second.guest().load(first.save());
                second.guest().resume();
                second.awaitConsoleLines(4);
                second.guest().stop();
                second.verifyMatches();
                try (Machine third = second.successor()) {
                    third.guest().load(second.save());
                    third.guest().resume();
                    third.awaitConsoleLines(6);
                    third.guest().stop();
                    third.verifyMatches();
                    assertThat(third.guest().verify().consoleLines()).isGreaterThanOrEqualTo(6);
                    assertLinesAreComplete(third.consoleOutput());
                }
            }
        }
    }

    private static void assertLinesAreComplete(byte[] output) {
        StringBuilder expected = new StringBuilder();
        for (int line = 0; expected.length() < output.length; line++) {
            expected.append(String.format(Locale.ROOT, "%012d the guest is alive\n", line));
        }
        assertThat(output.length).isGreaterThanOrEqualTo(6 * 32);
        assertThat(new String(output, StandardCharsets.US_ASCII)).isEqualTo(expected.substring(0, output.length));
    }

    @Test
    void aPieceOfALineCrossesInsideTheDevice() throws IOException {
        try (Machine source = Machine.powerOn(config(Workload.IDLE))) {
            source.guest().resume();
            source.awaitConsoleLines(1);
            source.guest().stop();
            SwitchoverPage state = source.save();
            long out = source.consoleOutput().length;
            assertThat(state.consoleFifoFill())
                    .isEqualTo((int) (state.consoleProduced() - out))
                    .isLessThan(16);
        }
    }

    @Test
    void aStateThatLosesWhatTheDeviceHeldIsNoticed() throws IOException {
        try (Machine source = Machine.powerOn(config(Workload.IDLE))) {
            SwitchoverPage state;
            do { // until the device holds something
                source.guest().resume();
                source.awaitInstructions(2000);
                source.guest().stop();
                state = source.save();
            } while (state.consoleFifoFill() == 0);
            state.setConsole(state.consoleProduced(), 0, 0, 0);
            try (Machine destination = source.successor()) {
                destination.guest().load(state);
                assertThat(destination.guest().verify().console()).isFalse();
                assertThat(destination.guest().verify().vcpus()).isTrue();
            }
        }
    }

    @Test
    void registersThatWereNotLoadedAreNoticed() throws IOException {
        try (Machine source = Machine.powerOn(config(Workload.IDLE))) {
            source.guest().resume();
            source.awaitInstructions(100);
            source.guest().stop();
            try (Machine destination = source.successor()) {
                assertThat(destination.guest().verify().vcpus()).isFalse();
            }
        }
    }

    @Test
    void aConsoleThatCannotBeIsNotLoaded() throws IOException {
        try (Machine source = Machine.powerOn(config(Workload.IDLE))) {
            SwitchoverPage state = source.save();
            state.setConsole(40, 16, 0, 0);
            assertThatThrownBy(() -> source.guest().load(state)).hasMessageContaining("FIFO has 16");
            state.setConsole(3, 4, 0, 0);
            assertThatThrownBy(() -> source.guest().load(state)).isInstanceOf(IOException.class);
            state.setConsole(3, -1, 0, 0);
            assertThatThrownBy(() -> source.guest().load(state)).isInstanceOf(IOException.class);
        }
    }
}
