package io.pageflip.heartbeat;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The layout as docs/architecture.md has it, by numbers of its own. */
final class GuestInfoTest {
    private final ByteBuffer page = ByteBuffer.allocate(GuestInfo.BYTES).order(ByteOrder.LITTLE_ENDIAN);

    @BeforeEach
    void writePage() {
        page.put(0, "PAGEFLIP".getBytes(StandardCharsets.US_ASCII))
                .putInt(8, 2)
                .putInt(12, 2)
                .putLong(16, 0xabcL)
                .putLong(64, 1000)
                .putLong(72, 99)
                .putLong(128, 34)
                .putLong(192, 5);
    }

    @Test
    void theHeartbeatsOfAllVcpusAreAdded() {
        assertThat(GuestInfo.of(page)).isEqualTo(new GuestInfo(0xabc, 2, 1034));
        assertThat(GuestInfo.name(0xabc)).isEqualTo("0000000000000abc");
    }

    @Test
    void aPageOfAnotherLayoutIsNone() {
        assertThat(GuestInfo.of(page.putInt(8, 1))).isNull();
    }

    @Test
    void memoryWithoutTheFirstWordIsNone() {
        assertThat(GuestInfo.of(page.put(0, (byte) 'p'))).isNull();
    }

    @Test
    void aGuestThatNobodyIsToWatchIsNone() {
        assertThat(GuestInfo.of(page.putLong(16, 0))).isNull();
    }

    @Test
    void noMoreVcpusAreReadThanThePageHolds() {
        assertThat(GuestInfo.of(page.putInt(12, 64))).isNull();
        assertThat(GuestInfo.of(page.putInt(12, -1))).isNull();
        assertThat(GuestInfo.of(page.putInt(12, 63))).isEqualTo(new GuestInfo(0xabc, 63, 1039));
    }
}
