package io.pageflip.os;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteOrder;
import org.junit.jupiter.api.Test;

final class NativeBufferTest {
    @Test
    void isZeroedAndLittleEndian() {
        NativeBuffer buffer = NativeBuffer.allocate(1000);
        assertThat(buffer.length()).isEqualTo(1000);
        assertThat(buffer.bytes().order()).isEqualTo(ByteOrder.LITTLE_ENDIAN);
        for (int i = 0; i < 1000; i++) {
            assertThat(buffer.bytes().get(i)).isZero();
        }
    }

    @Test
    void wordsAndBytesAreTheSameMemory() {
        NativeBuffer buffer = NativeBuffer.allocate(24);
        buffer.putLongs(new long[] {0x0807060504030201L, -1, 99}, 2);
        assertThat(buffer.bytes().get(0)).isEqualTo((byte) 1);
        assertThat(buffer.bytes().get(7)).isEqualTo((byte) 8);
        assertThat(buffer.bytes().getLong(16))
                .as("the third word was not to be written")
                .isZero();
        long[] words = new long[3];
        buffer.getLongs(words, 2);
        assertThat(words).containsExactly(0x0807060504030201L, -1, 0);
    }

    @Test
    void addressesStayInside() {
        NativeBuffer buffer = NativeBuffer.allocate(16);
        assertThat(buffer.address(8, 8)).isEqualTo(buffer.address() + 8);
        assertThat(buffer.address(16, 0)).isEqualTo(buffer.address() + 16);
        assertThatThrownBy(() -> buffer.address(9, 8))
                .isInstanceOf(IndexOutOfBoundsException.class)
                .hasMessage("buffer of 16 bytes: 9+8");
        assertThatThrownBy(() -> buffer.address(-1, 1)).isInstanceOf(IndexOutOfBoundsException.class);
        assertThatThrownBy(() -> buffer.address(0, -1)).isInstanceOf(IndexOutOfBoundsException.class);
    }

    @Test
    void zerosAreToldFromWhatIsNone() {
        NativeBuffer buffer = NativeBuffer.allocate(64);
        assertThat(buffer.isZero(0, 64)).isTrue();
        assertThat(buffer.isZero(8, 8)).isTrue();
        buffer.bytes().put(40, (byte) 1);
        assertThat(buffer.isZero(0, 64)).isFalse();
        assertThat(buffer.isZero(0, 40)).isTrue();
        assertThat(buffer.isZero(40, 8)).isFalse();
        assertThatThrownBy(() -> buffer.isZero(60, 8)).isInstanceOf(IndexOutOfBoundsException.class);
    }
}
