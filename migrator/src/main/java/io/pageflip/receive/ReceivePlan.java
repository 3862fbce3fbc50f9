package io.pageflip.receive;

import io.pageflip.channel.StreamReader;
import io.pageflip.ledger.PageLedger;
import io.pageflip.memory.PageRange;
import io.pageflip.metrics.CopyReason;
import io.pageflip.os.Userfaultfd;
import io.pageflip.ram.RamBlock;
import io.pageflip.wire.FrameHeader;
import io.pageflip.wire.FrameType;
import io.pageflip.wire.PageRecord;
import io.pageflip.wire.ProtocolException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Passes the records of each frame to the receiver for its type. A schedule says which types of frame may come; any
 * other fails the migration. Used by the migration's one thread.
 */
public final class ReceivePlan {
    private final Map<FrameType, PageReceiver> receivers = new EnumMap<>(FrameType.class);
    private final PageLedger ledger;

    /** A plan under which no frame of pages may come; {@link #with} adds to it. */
    public ReceivePlan(PageLedger ledger) {
        this.ledger = ledger;
    }

    /** From now on, frames of that type go to {@code receiver}. */
    public ReceivePlan with(FrameType type, PageReceiver receiver) {
        receivers.put(type, receiver);
        return this;
    }

    /** A plan for flips, and bytes and zeros where a page cannot be flipped. */
    public static ReceivePlan ofFlips(
            List<RamBlock> blocks, Userfaultfd userfaultfd, StreamReader stream, PageLedger ledger) {
        return new ReceivePlan(ledger)
                .with(FrameType.BYTES, new BytesReceiver(blocks, stream, ledger, userfaultfd))
                .with(FrameType.ZERO, new ZeroReceiver(blocks, ledger))
                .with(FrameType.GIFT, new FlipReceiver(blocks, userfaultfd, ledger));
    }

    /** Prepares for pages that the source expects to send. */
    @FunctionalInterface
    public interface ExpectedPages {
        /** Prepares for some pages of a block; the caller has checked that they lie in it. */
        void expect(int block, PageRange range) throws IOException;
    }

    /** Walks over the records of an EXPECT frame. */
    public void expect(FrameHeader header, ByteBuffer body, ExpectedPages expected) throws IOException {
        int end = checkedEnd(header, body);
        for (int at = body.position(); at < end; at += PageRecord.BYTES) {
            int block = PageRecord.block(body, at);
            expected.expect(block, ledger.checkRange(block, PageRecord.first(body, at), PageRecord.count(body, at)));
        }
    }

    /**
     * Receives the pages of a frame of records.
     *
     * @return the number of pages
     */
    public long receive(FrameHeader header, ByteBuffer body) throws IOException {
        PageReceiver receiver = receivers.get(header.type());
        if (receiver == null) {
            throw new ProtocolException("a " + header.type() + " frame does not belong to this migration");
        }
        int end = checkedEnd(header, body);
        long pages = 0;
        for (int at = body.position(); at < end; at += PageRecord.BYTES) {
            int block = PageRecord.block(body, at);
            int reasonCode = PageRecord.reasonCode(body, at);
            if (!PageRecord.reservedIsZero(body, at)) {
                throw new ProtocolException("a page record whose reserved byte is not zero");
            }
            PageRange range = ledger.checkRange(block, PageRecord.first(body, at), PageRecord.count(body, at));
            receiver.receive(block, range, reason(reasonCode)); // one object a record
            pages += range.count();
        }
        return pages;
    }

    private static @Nullable CopyReason reason(int code) throws ProtocolException {
        try {
            return code == 0 ? null : CopyReason.ofCode(code);
        } catch (IllegalArgumentException e) {
            throw new ProtocolException(String.valueOf(e.getMessage()));
        }
    }

    private static int checkedEnd(FrameHeader header, ByteBuffer body) throws ProtocolException {
        if (header.bodyLength() == 0 || header.bodyLength() % PageRecord.BYTES != 0) {
            throw new ProtocolException("a " + header.type() + " frame of " + header.bodyLength()
                    + " bytes, which is no number of records");
        }
        return body.position() + header.bodyLength();
    }
}
