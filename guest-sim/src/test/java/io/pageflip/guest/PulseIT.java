package io.pageflip.guest;

import static org.assertj.core.api.Assertions.assertThat;

import io.pageflip.heartbeat.Pulse;
import io.pageflip.os.NanoClock;
import io.pageflip.os.SyscallException;
import io.pageflip.ram.Backing;
import io.pageflip.verification.Oracle;
import java.io.IOException;
import java.util.stream.LongStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

final class PulseIT {
    private static final long MS = Pulse.SLOT_NS;

    private final Oracle oracle = Oracle.create(Machine.small().blocks());
    private final Pulse pulse = oracle.pulse();
    private final Pulse.Writer hand = new Pulse.Writer(pulse, 2);
    private long instructions;
    private long lastNs;

    PulseIT() throws SyscallException {}

    @AfterEach
    void close() {
        oracle.close();
    }

    private void beat(Pulse.Writer writer, long nowNs) {
        instructions++;
        writer.beat(lastNs, nowNs, instructions);
        lastNs = nowNs;
    }

    private void beat(long... timesNs) {
        for (long nowNs : timesNs) {
            beat(hand, nowNs);
        }
    }

    @Test
    void aSlotHasItsInstructionsAndTheLongestGapThatEndedThere() {
        beat(7 * MS, 7 * MS + 10, 7 * MS + 40, 7 * MS + 45, 10 * MS - 1, 10 * MS, 10 * MS + 7);
        hand.enter(instructions);

        assertThat(slots(2, 6, 12)).containsExactly(0, 4, 0, 1, 2, 0);
        assertThat(pulse.longestGapNs(2, 7)).isEqualTo(30);
        assertThat(pulse.longestGapNs(2, 8)).isZero();
        assertThat(pulse.longestGapNs(2, 9)).isEqualTo(3 * MS - 46);
        assertThat(pulse.longestGapNs(2, 10)).isEqualTo(7);
        assertThat(slots(1, 0, 20)).containsOnly(0);
    }

    @Test
    void theVeryFirstHeartbeatEndsNoGap() {
        beat(7 * MS);
        hand.enter(instructions);
        assertThat(pulse.longestGapNs(2, 7)).isZero();
    }

    @Test
    void twoAgentsShareTheSlotOfASwitch() {
        beat(7 * MS, 7 * MS + 100);
        Pulse.Writer other = new Pulse.Writer(pulse, 2);
        beat(other, 7 * MS + 40_100);
        beat(other, 7 * MS + 40_150);
        beat(other, 8 * MS); // enters the slot before
        hand.enter(2); // the source's vCPU comes to it later
        other.enter(instructions);

        assertThat(slots(2, 7, 9)).containsExactly(4, 1);
        assertThat(pulse.longestGapNs(2, 7)).isEqualTo(40_000);
    }

    @Test
    void aVcpuThatStoodBeginsAnew() {
        beat(7 * MS, 7 * MS + 1);
        hand.enter(instructions);
        hand.enter(instructions);
        beat(7 * MS + 500);
        hand.enter(instructions);

        assertThat(slots(2, 7, 8)).containsExactly(3);
        assertThat(pulse.longestGapNs(2, 7)).isEqualTo(499);
    }

    @Test
    void whatIsTooOldIsForgotten() {
        beat(7 * MS, (7 + Pulse.SLOTS) * MS);
        hand.enter(instructions);

        assertThat(pulse.instructions(2, 7)).isZero();
        assertThat(pulse.longestGapNs(2, 7)).isZero();
        assertThat(pulse.instructions(2, 7 + Pulse.SLOTS)).isEqualTo(1);
    }

    @Test
    void everyInstructionOfAGuestIsInASlot() throws IOException {
        GuestConfig config = Machine.config(2 << 20, Backing.MEMFD, 2, Workload.HOTSET, 100);
        try (Machine first = Machine.powerOn(config)) {
            long fromSlot = Pulse.slotOf(NanoClock.SYSTEM.nanoTime());
            first.guest().resume();
            first.awaitInstructions(2000);
            first.guest().stop();
            try (Machine second = first.successor()) {
                second.guest().load(first.save());
                second.guest().resume();
                second.awaitInstructions(2000);
                second.guest().stop();
                long end = Pulse.slotOf(NanoClock.SYSTEM.nanoTime()) + 1;
                // A machine that stands still for seconds would have it forget.
                assertThat(end - fromSlot).isLessThan(Pulse.SLOTS);

                Pulse seen = second.guest().pulse();
                long counted = LongStream.range(fromSlot, end)
                        .map(slot -> seen.instructions(0, slot) + seen.instructions(1, slot))
                        .sum();
                assertThat(counted).isEqualTo(second.guest().instructions());
            }
        }
    }

    private long[] slots(int vcpu, long first, long end) {
        return LongStream.range(first, end)
                .map(slot -> pulse.instructions(vcpu, slot))
                .toArray();
    }
}
