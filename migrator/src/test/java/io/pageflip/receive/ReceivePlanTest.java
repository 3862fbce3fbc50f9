package io.pageflip.receive;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pageflip.ledger.PageLedger;
import io.pageflip.ram.Backing;
import io.pageflip.ram.BlockSpec;
import io.pageflip.wire.FrameHeader;
import io.pageflip.wire.FrameType;
import io.pageflip.wire.PageRecord;
import io.pageflip.wire.ProtocolException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Which frames may come, and what their receivers get. */
final class ReceivePlanTest {
    private static final BlockSpec RAM = new BlockSpec("ram", 100 * 4096, Backing.MEMFD);

    private final List<String> received = new ArrayList<>();
    private final PageLedger ledger = new PageLedger(List.of(RAM), false);
    private final ReceivePlan plan = new ReceivePlan(ledger)
            .with(
                    FrameType.MAP,
                    (block, pages, reason) ->
                            received.add(block + ": " + pages.first() + "+" + pages.count() + " " + reason));

    /** The body of a frame whose records name these pages of block 0: a first page and a count, again and again. */
    private static ByteBuffer records(int... firstAndCount) {
        ByteBuffer body =
                ByteBuffer.allocate(firstAndCount.length / 2 * PageRecord.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        for (int i = 0; i < firstAndCount.length; i += 2) {
            PageRecord.put(body, i / 2 * PageRecord.BYTES, 0, 0, firstAndCount[i + 1], firstAndCount[i]);
        }
        return body;
    }

    private static FrameHeader header(FrameType type, ByteBuffer body) {
        return new FrameHeader(type, body.limit());
    }

    @Test
    void eachRecordGoesToTheReceiverOfItsFrame() throws IOException {
        ByteBuffer body = records(0, 8, 40, 60);

        assertThat(plan.receive(header(FrameType.MAP, body), body)).isEqualTo(68);
        assertThat(received).containsExactly("0: 0+8 null", "0: 40+60 null");
    }

    @Test
    void aFrameThatTheScheduleDoesNotKnowIsTheSourcesMistake() {
        ByteBuffer body = records(0, 8);

        assertThatThrownBy(() -> plan.receive(header(FrameType.GIFT, body), body))
                .isInstanceOf(ProtocolException.class)
                .hasMessage("a GIFT frame does not belong to this migration");
        assertThat(received).isEmpty();
    }

    @Test
    void pagesThatAreNotThereAreTheSourcesMistake() {
        ByteBuffer body = records(99, 2);

        assertThatThrownBy(() -> plan.receive(header(FrameType.MAP, body), body))
                .isInstanceOf(ProtocolException.class)
                .hasMessage("pages 99+2 of RAM block ram, which has 100");
        assertThatThrownBy(() -> plan.expect(header(FrameType.EXPECT, body), body, (block, pages) -> {}))
                .isInstanceOf(ProtocolException.class);
        assertThat(received).isEmpty();
    }

    @Test
    void expectedPagesAreWalkedOver() throws IOException {
        ByteBuffer body = records(0, 8, 40, 60);
        List<String> expected = new ArrayList<>();

        plan.expect(
                header(FrameType.EXPECT, body),
                body,
                (block, pages) -> expected.add(block + ": " + pages.first() + "+" + pages.count()));

        assertThat(expected).containsExactly("0: 0+8", "0: 40+60");
    }

    @Test
    void postcopyPagesAreEnteredAndNotCounted() throws IOException {
        ReceivePlan later = new ReceivePlan(ledger).with(FrameType.MAP, new PostcopyFlipReceiver(List.of(RAM), ledger));
        ByteBuffer body = records(0, 8);

        later.receive(header(FrameType.MAP, body), body);

        assertThat(ledger.hasPostcopyPages()).isTrue();
        assertThat(ledger.postcopyPages(0).cardinality()).isEqualTo(8);
        assertThat(ledger.counts(0).moved()).isZero();
    }
}
