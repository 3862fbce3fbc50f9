package io.pageflip.receive;

import io.pageflip.channel.StreamReader;
import io.pageflip.ledger.PageLedger;
import io.pageflip.memory.PageRange;
import io.pageflip.metrics.CopyReason;
import io.pageflip.os.MemFd;
import io.pageflip.os.ProcessMemory;
import io.pageflip.os.Userfaultfd;
import io.pageflip.ram.RamBlock;
import io.pageflip.wire.FrameHeader;
import io.pageflip.wire.FrameType;
import io.pageflip.wire.Message;
import io.pageflip.wire.PageRecord;
import io.pageflip.wire.ProtocolException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.function.IntPredicate;
import org.jspecify.annotations.Nullable;

/** Which receiver a record gets, and the walk over the records of a frame. */
public final class ReceivePlan {
    private final Map<FrameType, PageReceiver> receivers = new EnumMap<>(FrameType.class);
    private final PageLedger ledger;
    private @Nullable FuseReceiver fuse;

    private ReceivePlan(List<RamBlock> blocks, PageLedger ledger) {
        this.ledger = ledger;
        receivers.put(FrameType.ZERO, new ZeroReceiver(blocks, ledger));
    }

    /**
     * The receivers that a source's greeting calls for.
     *
     * @param blocks the destination's RAM: the source's own memfds if {@code userfaultfd} is given, else its own memory
     * @param sourceFiles the source's memfds, block by block
     * @param userfaultfd where moves are wanted and the blocks are registered with it
     * @param moves false with {@code --no-move}
     * @throws ProtocolException if they do not go together
     */
    public static ReceivePlan of(
            Message.Hello hello,
            List<RamBlock> blocks,
            List<@Nullable MemFd> sourceFiles,
            @Nullable Userfaultfd userfaultfd,
            boolean moves,
            StreamReader stream,
            PageLedger ledger)
            throws ProtocolException {
        ReceivePlan plan = new ReceivePlan(blocks, ledger);
        plan.receivers.put(FrameType.BYTES, new BytesReceiver(blocks, stream, ledger, userfaultfd));
        switch (hello.mechanism()) {
            case FLIP -> {
                PageReceiver flips = userfaultfd != null
                        ? new FlipReceiver(blocks, userfaultfd, ledger)
                        : new FileCopyReceiver(blocks, sourceFiles, ledger);
                switch (hello.schedule()) {
                    case STOP_AND_MOVE -> plan.receivers.put(FrameType.GIFT, flips);
                    case HANDOVER -> plan.receivers.put(FrameType.MAP, flips);
                    case POSTCOPY ->
                        plan.receivers.put(FrameType.MAP, (block, pages, reason) -> ledger.late(block, pages));
                    case PRECOPY -> throw new ProtocolException("a precopy of pages that are flipped, not copied");
                }
            }
            case GIFT -> {
                CopyReason foregone =
                        !hello.gifts() ? CopyReason.NOT_GIFTED : moves ? null : CopyReason.MOVE_NOT_REQUESTED;
                plan.receivers.put(FrameType.SPLICE, new SpliceReceiver(blocks, stream, ledger, foregone));
            }
            case PULL -> {
                List<Long> addresses = hello.blocks().stream()
                        .map(Message.Hello.Block::address)
                        .toList();
                plan.receivers.put(
                        FrameType.PULL, new PullReceiver(blocks, addresses, new ProcessMemory(hello.pid()), ledger));
                plan.receivers.put(FrameType.POSTCOPY, new PostcopyReceiver(blocks, ledger));
            }
            case FUSE -> {
                if (hello.gifts() && !moves) {
                    throw new ProtocolException("with fuse it is the source that asks for moves, and this destination "
                            + "wants none: leave --no-move out, or give the source --no-gift");
                }
                plan.fuse = new FuseReceiver(blocks, ledger, hello.gifts() ? null : CopyReason.NOT_GIFTED);
                plan.receivers.put(FrameType.FUSE, plan.fuse);
            }
            case STREAM -> {}
        }
        return plan;
    }

    /** A plan for flips, and bytes where a page cannot be flipped. */
    public static ReceivePlan ofFlips(
            List<RamBlock> blocks, Userfaultfd userfaultfd, StreamReader stream, PageLedger ledger) {
        ReceivePlan plan = new ReceivePlan(blocks, ledger);
        plan.receivers.put(FrameType.BYTES, new BytesReceiver(blocks, stream, ledger, userfaultfd));
        plan.receivers.put(FrameType.GIFT, new FlipReceiver(blocks, userfaultfd, ledger));
        return plan;
    }

    /** What else is to be done for pages that are announced. */
    @FunctionalInterface
    public interface Announced {
        void pages(int block, PageRange pages) throws IOException;
    }

    /**
     * Makes room for the pages of an EXPECT frame, in the blocks that {@code own} says need it, and where a third
     * process maps the pages.
     *
     * @param shared told of those that are in the source's memory
     */
    public void populate(FrameHeader header, ByteBuffer body, List<RamBlock> blocks, IntPredicate own, Announced shared)
            throws IOException {
        int end = checkedEnd(header, body);
        for (int at = body.position(); at < end; at += PageRecord.BYTES) {
            int block = PageRecord.block(body, at);
            PageRange range = ledger.checkRange(block, PageRecord.first(body, at), PageRecord.count(body, at));
            if (own.test(block)) {
                blocks.get(block).populate(range.first(), range.count());
            } else {
                blocks.get(block).populateShared(range);
                shared.pages(block, range);
            }
        }
    }

    /**
     * Receives the pages of a frame of records.
     *
     * @return how many they were
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

    /** All records have come: does what they left for the end. */
    public void finish() throws IOException {
        if (fuse != null) {
            fuse.finish();
        }
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
