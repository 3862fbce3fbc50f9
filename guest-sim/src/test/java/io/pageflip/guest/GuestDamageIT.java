package io.pageflip.guest;

import static org.assertj.core.api.Assertions.assertThat;

import io.pageflip.os.NativeBuffer;
import io.pageflip.ram.Backing;
import io.pageflip.verification.PagePattern;
import io.pageflip.verification.Verification;
import java.io.IOException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Damage done on purpose is found, and called what it is. */
final class GuestDamageIT {
    private static final byte[] ZEROS = new byte[Machine.PAGE];

    /** A guest that has run, so that pages have more than one generation behind them. */
    private static Machine ran(Backing backing, int fill) throws IOException {
        Machine machine = Machine.powerOn(Machine.config(1 << 20, backing, 1, Workload.SEQUENTIAL, fill));
        machine.guest().resume();
        machine.awaitPagesWritten(50);
        machine.guest().stop();
        machine.verifyMatches();
        return machine;
    }

    private static Machine ran() throws IOException {
        return ran(Backing.MEMFD, 100);
    }

    private static void assertDamage(Machine machine, long lost, long stale, long torn, long misplaced)
            throws IOException {
        Verification found = machine.guest().verify();
        assertThat(found)
                .isEqualTo(new Verification(
                        found.pages(), lost, stale, torn, misplaced, true, true, found.consoleLines()));
        assertThat(found.matches()).isFalse();
    }

    @ParameterizedTest
    @CsvSource({"0, 1", "0, 255", "1, 0", "1, 4095", "2, 0", "2, 63"})
    void aZeroedPageIsLost(int block, long page) throws IOException {
        try (Machine machine = ran()) {
            machine.overwrite(block, page, 0, ZEROS, Machine.PAGE);
            assertDamage(machine, 1, 0, 0, 0);
        }
    }

    @Test
    void aPageThatIsAHoleAgainIsLost() throws IOException {
        try (Machine machine = ran(Backing.ANONYMOUS, 100)) {
            machine.memory(GuestConfig.RAM).dropEntries(7 * Machine.PAGE, 2 * Machine.PAGE);
            assertDamage(machine, 2, 0, 0, 0);
        }
    }

    @Test
    void oldContentIsStale() throws IOException {
        try (Machine machine = Machine.powerOn(Machine.config(1 << 20, Backing.MEMFD, 1, Workload.UNIFORM, 100))) {
            byte[][] old = new byte[4096][];
            for (int page = 0; page < old.length; page++) {
                old[page] = machine.page(GuestConfig.VRAM, page);
            }
            machine.guest().resume();
            machine.awaitPagesWritten(20);
            machine.guest().stop();
            int put = 0;
            for (int page = 0; page < old.length && put < 3; page++) {
                if (machine.oracle().generation(GuestConfig.VRAM, page) > 1) {
                    machine.overwrite(GuestConfig.VRAM, page, 0, old[page], Machine.PAGE);
                    put++;
                }
            }
            assertThat(put).as("pages that were written again").isPositive();
            assertDamage(machine, 0, put, 0, 0);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2})
    void aWriteThatDidNotArriveLeavesThePageStale(int block) throws IOException {
        try (Machine machine = ran()) {
            assertThat(machine.oracle().advance(block, 5)).isGreaterThan(1);
            assertDamage(machine, 0, 1, 0, 0);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2})
    void aHalfOverwrittenPageIsTorn(int block) throws IOException {
        try (Machine machine = ran()) {
            int next = machine.oracle().advance(block, 9);
            byte[] newer = new byte[Machine.PAGE];
            new PagePattern().of(block, 9, next).bytes().get(0, newer);
            machine.overwrite(block, 9, 0, newer, Machine.PAGE / 2);
            assertDamage(machine, 0, 0, 1, 0);
        }
    }

    @Test
    void aSingleChangedByteIsTorn() throws IOException {
        try (Machine machine = ran()) {
            byte last = machine.page(GuestConfig.VRAM, 9)[Machine.PAGE - 1];
            machine.overwrite(GuestConfig.VRAM, 9, Machine.PAGE - 1, new byte[] {(byte) (last + 1)}, 1);
            assertDamage(machine, 0, 0, 1, 0);
        }
    }

    @ParameterizedTest
    @CsvSource({"0, 3, 0, 4", "1, 3, 0, 3", "0, 9, 1, 4000", "0, 5, 2, 5"})
    void anotherPagesContentIsMisplaced(int fromBlock, long fromPage, int toBlock, long toPage) throws IOException {
        try (Machine machine = ran()) {
            machine.overwrite(toBlock, toPage, 0, machine.page(fromBlock, fromPage), Machine.PAGE);
            assertDamage(machine, 0, 0, 0, 1);
        }
    }

    @Test
    void contentWhereNothingWasEverWrittenIsFound() throws IOException {
        try (Machine machine = ran(Backing.MEMFD, 0)) {
            machine.overwrite(GuestConfig.RAM, 17, 0, machine.page(GuestConfig.VRAM, 3), Machine.PAGE);
            assertDamage(machine, 0, 0, 0, 1);
            machine.overwrite(GuestConfig.RAM, 17, 0, ZEROS, Machine.PAGE);
            machine.verifyMatches();
        }
    }

    @Test
    void thePartOfTheLastPageThatIsTheGuestsIsCompared() throws IOException {
        try (Machine machine = ran()) {
            int rom = GuestConfig.ROM;
            machine.overwrite(rom, 64, 512, new byte[] {1}, 1); // beyond the end: not the guest's
            machine.verifyMatches();
            byte[] good = machine.page(rom, 64);
            machine.overwrite(rom, 64, 511, new byte[] {(byte) (good[511] + 1)}, 1);
            assertDamage(machine, 0, 0, 1, 0);
            machine.overwrite(rom, 64, 0, ZEROS, 512);
            assertDamage(machine, 1, 0, 0, 0);
        }
    }

    @Test
    void eachKindIsCountedForItself() throws IOException {
        try (Machine machine = ran()) {
            machine.overwrite(GuestConfig.RAM, 100, 0, machine.page(GuestConfig.RAM, 101), Machine.PAGE);
            machine.overwrite(GuestConfig.RAM, 102, 0, ZEROS, Machine.PAGE);
            machine.overwrite(GuestConfig.VRAM, 103, 0, ZEROS, Machine.PAGE);
            machine.overwrite(GuestConfig.RAM, 104, 2048, ZEROS, 8);
            machine.overwrite(GuestConfig.RAM, 105, 2048, ZEROS, 8);
            machine.overwrite(GuestConfig.RAM, 106, 2048, ZEROS, 8);
            for (int page = 107; page < 111; page++) {
                machine.oracle().advance(GuestConfig.RAM, page);
            }
            assertDamage(machine, 2, 4, 3, 1);
        }
    }

    /** A place on the guest information page that verification must not find changed. */
    private enum Field {
        MAGIC(0),
        VERSION(8),
        VCPUS(12),
        HEARTBEAT(64),
        BEAT_TIME(72);

        private final int offset;

        Field(int offset) {
            this.offset = offset;
        }
    }

    @ParameterizedTest
    @EnumSource
    void aChangedInformationPageDisagreesWithTheVcpus(Field field) throws IOException {
        try (Machine machine = ran()) {
            byte good = machine.page(GuestConfig.RAM, 0)[field.offset];
            machine.overwrite(GuestConfig.RAM, 0, field.offset, new byte[] {(byte) (good + 1)}, 1);
            Verification found = machine.guest().verify();
            assertThat(found.vcpus()).isFalse();
            assertThat(found.matches()).isFalse();
            assertThat(found.lost() + found.stale() + found.torn() + found.misplaced())
                    .isZero();
            assertThat(found.console()).isTrue();
            machine.overwrite(GuestConfig.RAM, 0, field.offset, new byte[] {good}, 1);
            machine.verifyMatches();
        }
    }

    @Test
    void aTamperedConsoleIsIncomplete() throws IOException {
        try (Machine machine = Machine.powerOn(Machine.small())) {
            machine.guest().resume();
            machine.awaitConsoleLines(2);
            machine.guest().stop();
            machine.verifyMatches();
            byte[] good = machine.consoleOutput();
            NativeBuffer wrong = NativeBuffer.allocate(8);
            for (int at : new int[] {0, 31, 40, good.length - 1}) {
                wrong.bytes().put(0, (byte) '?');
                machine.tamperConsole(64 + at, wrong, 1);
                assertConsole(machine, false);
                wrong.bytes().put(0, good[at]);
                machine.tamperConsole(64 + at, wrong, 1);
                assertConsole(machine, true);
            }
        }
    }

    @Test
    void consoleOutputThatCameTwiceOrNotAtAllIsNoticed() throws IOException {
        try (Machine machine = Machine.powerOn(Machine.small())) {
            machine.guest().resume();
            machine.awaitConsoleLines(2);
            machine.guest().stop();
            long good = machine.consoleOutput().length;
            NativeBuffer counter = NativeBuffer.allocate(8);
            for (long appended : new long[] {good + 16, good - 16, 0}) {
                counter.bytes().putLong(0, appended);
                machine.tamperConsole(0, counter, 8);
                assertConsole(machine, false);
            }
        }
    }

    private static void assertConsole(Machine machine, boolean complete) throws IOException {
        Verification found = machine.guest().verify();
        assertThat(found.console()).isEqualTo(complete);
        assertThat(found.matches()).isEqualTo(complete);
        assertThat(found.vcpus()).isTrue();
        assertThat(found.lost() + found.stale() + found.torn() + found.misplaced())
                .isZero();
    }
}
