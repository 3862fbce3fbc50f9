package io.pageflip.os;

import static io.pageflip.os.Samples.PAGE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class PageGiftIT {
    private static final int PAGES = 8;

    private final PageGift splice = new PageGift();

    @ParameterizedTest
    @CsvSource({"true, true", "true, false", "false, true", "false, false"})
    void theContentArrives(boolean gift, boolean move) throws SyscallException {
        try (Pipe pipe = Pipe.create();
                Mapping from = Mapping.anonymous("from", PAGES * PAGE);
                Mapping to = Mapping.anonymous("to", PAGES * PAGE)) {
            Samples.number(from, 60);
            assertThat(splice.give(pipe.writeEnd(), from, 2 * PAGE, 4 * PAGE, gift))
                    .isEqualTo(4 * PAGE);
            assertThat(splice.take(pipe.readEnd(), to, PAGE, 4 * PAGE, move)).isEqualTo(4 * PAGE);
            for (int page = 1; page <= 4; page++) {
                assertThat(Samples.isNumbered(to, page, 61 + page))
                        .as("page %d", page)
                        .isTrue();
            }
            assertThat(to.isZero(0, PAGE)).isTrue();
            assertThat(to.isZero(5 * PAGE, PAGE)).isTrue();
        }
    }

    @Test
    void anEmptyPipeHasNothingToTakeAndAFullOneTakesNothing() throws SyscallException {
        try (Pipe pipe = Pipe.create();
                Mapping from = Mapping.anonymous("from", 64 * PAGE);
                Mapping to = Mapping.anonymous("to", PAGE)) {
            from.populate(0, 64 * PAGE);
            to.populate(0, PAGE);
            assertThat(splice.take(pipe.readEnd(), to, 0, PAGE, true)).isEqualTo(-Errno.EAGAIN);
            long given = 0;
            long result;
            do {
                result = splice.give(pipe.writeEnd(), from, given / PAGE % 64 * PAGE, PAGE, true);
                given += Math.max(0, result);
            } while (result == PAGE);
            assertThat(result).isEqualTo(-Errno.EAGAIN);
            assertThat(given).as("as many pages as the pipe has room for").isEqualTo(Pipe.enlarge(pipe.writeEnd()));
            assertThat(splice.take(pipe.readEnd(), to, 0, PAGE, true)).isEqualTo(PAGE);
            assertThat(splice.give(pipe.writeEnd(), from, 0, PAGE, true)).isEqualTo(PAGE);
        }
    }

    @Test
    void theEndOfThePipeIsSeenFromBothSides() throws SyscallException {
        try (Pipe pipe = Pipe.create();
                Pipe other = Pipe.create();
                Mapping memory = Mapping.anonymous("memory", PAGE)) {
            memory.populate(0, PAGE);
            pipe.writeEnd().close();
            assertThat(splice.take(pipe.readEnd(), memory, 0, PAGE, true)).isZero();
            other.readEnd().close();
            assertThat(splice.give(other.writeEnd(), memory, 0, PAGE, true)).isEqualTo(-Errno.EPIPE);
        }
    }

    @Test
    void staysInTheMapping() throws SyscallException {
        try (Pipe pipe = Pipe.create();
                Mapping memory = Mapping.anonymous("memory", PAGE)) {
            assertThatThrownBy(() -> splice.give(pipe.writeEnd(), memory, PAGE, PAGE, true))
                    .isInstanceOf(IndexOutOfBoundsException.class);
            assertThatThrownBy(() -> splice.take(pipe.readEnd(), memory, 1, PAGE, true))
                    .isInstanceOf(IndexOutOfBoundsException.class);
            assertThat(pipe.readEnd().unreadBytes()).isZero();
        }
    }

    @Test
    void aPipeIsAsLargeAsThisHostAllows() throws IOException {
        String most = Files.readAllLines(Path.of("/proc/sys/fs/pipe-max-size")).get(0);
        assertThat(Pipe.maxSize()).isEqualTo(Integer.parseInt(most));
        try (Pipe pipe = Pipe.create()) {
            assumeTrue(Proc.uid() == 0, "another user's pipes may be limited");
            assertThat(Pipe.enlarge(pipe.readEnd())).isEqualTo(Pipe.maxSize());
        }
    }
}
