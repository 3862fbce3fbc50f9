package io.pageflip.wire;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Random;
import org.junit.jupiter.api.Test;

final class PageRecordTest {
    @Test
    void whatIsPutIsReadAtAnyPlace() {
        Random random = new Random(1);
        ByteBuffer buffer =
                ByteBuffer.allocate(PageRecord.MAX_IN_FRAME * PageRecord.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        for (int i = 0; i < 1000; i++) {
            int at = random.nextInt(PageRecord.MAX_IN_FRAME) * PageRecord.BYTES;
            int block = random.nextInt(1 << 16);
            int reason = random.nextInt(1 << 8);
            int count = random.nextInt();
            long first = random.nextLong();
            PageRecord.put(buffer, at, block, reason, count, first);
            assertThat(PageRecord.block(buffer, at)).as("block of record %d", i).isEqualTo(block);
            assertThat(PageRecord.reasonCode(buffer, at))
                    .as("reason of record %d", i)
                    .isEqualTo(reason);
            assertThat(PageRecord.count(buffer, at)).as("count of record %d", i).isEqualTo(count);
            assertThat(PageRecord.first(buffer, at))
                    .as("first page of record %d", i)
                    .isEqualTo(first);
        }
    }

    @Test
    void aFrameOfRecordsFitsIntoAPageWithItsHeader() {
        assertThat(FrameHeader.BYTES + PageRecord.MAX_IN_FRAME * PageRecord.BYTES)
                .isLessThanOrEqualTo(4096);
        assertThat(FrameType.GIFT.maxBody()).isEqualTo(PageRecord.MAX_IN_FRAME * PageRecord.BYTES);
    }
}
