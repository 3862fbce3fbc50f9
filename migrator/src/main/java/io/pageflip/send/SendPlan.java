package io.pageflip.send;

import io.pageflip.channel.StreamWriter;
import io.pageflip.memory.PageBitmap;
import io.pageflip.memory.PageRange;
import io.pageflip.memory.PageRuns;
import io.pageflip.metrics.CopyReason;
import io.pageflip.ram.BlockSpec;
import io.pageflip.ram.DataMap;
import io.pageflip.ram.ExceptionalPages;
import io.pageflip.ram.RamBlock;
import io.pageflip.request.Mechanism;
import io.pageflip.request.Schedule;
import io.pageflip.wire.FrameType;
import java.io.IOException;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Chooses how pages leave the source, and walks over the pages of a block to send them. The choice is a pure function:
 * {@link #route}.
 */
public final class SendPlan {
    /** How pages leave the source. */
    enum Way {
        MAP,
        FLIP,
        GIFT,
        BYTES,
        PULL,
        FUSE
    }

    /**
     * How a page will be sent, and why it will be copied if so.
     *
     * @param reason why it will be copied, if that is known beforehand
     */
    record Route(Way way, @Nullable CopyReason reason) {}

    /** The route of pages that no other process may map, in a block that is otherwise shared. */
    private static final Route PINNED = new Route(Way.BYTES, CopyReason.PINNED);

    private static final Route STILL_MAPPED = new Route(Way.BYTES, CopyReason.STILL_MAPPED);

    /**
     * Maximum number of pages in one record that announces pages: a person sees progress between records, and a
     * cancellation is noticed.
     */
    private static final int EXPECT_PAGES = 1 << 14;

    private final Mechanism mechanism;
    private final Schedule schedule;
    private final boolean gifts;
    private final StreamWriter stream;
    private final RecordWriter records;
    private final Map<CopyReason, PageSender> byteSenders = new EnumMap<>(CopyReason.class);
    private final PageSender map;
    private final PageSender flip;
    private final PageSender gift;
    private final PageSender pull;
    private final PageSender fuse;

    /** @param gifts false with {@code --no-gift} */
    public SendPlan(Mechanism mechanism, Schedule schedule, boolean gifts, StreamWriter stream) {
        this.mechanism = mechanism;
        this.schedule = schedule;
        this.gifts = gifts;
        this.stream = stream;
        this.records = new RecordWriter(stream);
        this.map = new MapSender(records);
        this.flip = new FlipSender(records);
        this.gift = new NonZeroRuns(records, new GiftSender(records, stream, gifts));
        this.pull = new NonZeroRuns(records, new PullSender(records));
        this.fuse = new FuseSender(records);
        for (CopyReason reason : CopyReason.values()) {
            byteSenders.put(reason, new NonZeroRuns(records, new BytesSender(records, stream, reason)));
        }
        // Sent even if zero: what a device writes there later, the source copies without a record, so the page must
        // count as copied already.
        byteSenders.put(CopyReason.PINNED, new BytesSender(records, stream, CopyReason.PINNED));
        // Sent even if zero: a page that the third process maps is not a hole.
        byteSenders.put(CopyReason.STILL_MAPPED, new BytesSender(records, stream, CopyReason.STILL_MAPPED));
    }

    /**
     * How the pages of a block leave the source.
     *
     * @param wholePage false for the part of a page at the end of an odd-sized block
     */
    static Route route(Mechanism mechanism, Schedule schedule, boolean gifts, BlockSpec block, boolean wholePage) {
        return switch (mechanism) {
            case FLIP -> {
                if (!wholePage) {
                    yield new Route(Way.BYTES, CopyReason.NOT_PAGE_SIZED);
                }
                if (!block.backing().shareable()) {
                    yield new Route(Way.BYTES, CopyReason.PRIVATE_MEMORY);
                }
                if (schedule.announcesAllBeforePause()) {
                    yield new Route(Way.MAP, null);
                }
                yield gifts ? new Route(Way.FLIP, null) : new Route(Way.BYTES, CopyReason.NOT_GIFTED);
            }
            // Seed 004: "the size argument must be a multiple of page size". The size is the block's.
            case GIFT ->
                block.wholePages() == block.pages()
                        ? new Route(Way.GIFT, gifts ? null : CopyReason.NOT_GIFTED)
                        : new Route(Way.BYTES, CopyReason.NOT_PAGE_SIZED);
            case STREAM -> new Route(Way.BYTES, CopyReason.MECHANISM_COPIES);
            case PULL -> new Route(Way.PULL, CopyReason.MECHANISM_COPIES);
            case FUSE -> {
                if (!wholePage) {
                    yield new Route(Way.BYTES, CopyReason.NOT_PAGE_SIZED);
                }
                yield switch (block.backing()) {
                    case FILE -> new Route(Way.FUSE, gifts ? null : CopyReason.NOT_GIFTED);
                    case MEMFD, HUGETLB -> new Route(Way.BYTES, CopyReason.NOT_STEALABLE);
                    case ANONYMOUS -> new Route(Way.BYTES, CopyReason.PRIVATE_MEMORY);
                };
            }
        };
    }

    /**
     * Tells the destination, before the guest is paused, which pages hold data, so that it can make room for those that
     * will be copied.
     *
     * @param maps for each block, which pages hold data, as far as known now
     */
    public static void expect(List<RamBlock> blocks, List<DataMap> maps, StreamWriter stream) throws IOException {
        RecordWriter records = new RecordWriter(stream);
        for (int i = 0; i < blocks.size(); i++) {
            addRecords(records, FrameType.EXPECT, i, maps.get(i).pages());
        }
        records.flush();
    }

    /**
     * Sends all data pages of a block, in batches.
     *
     * @param batch maximum number of pages of the block that one system call moves
     * @param progress called after each batch with its number of pages
     */
    public void sendBlock(int index, RamBlock block, DataMap map, int batch, BatchListener progress)
            throws IOException {
        sendPages(index, block, map.pages(), batch, progress);
    }

    /** Sends some pages of a block, in batches; see {@link #sendBlock}. */
    public void sendPages(int index, RamBlock block, PageBitmap pages, int batch, BatchListener progress)
            throws IOException {
        long whole = block.spec().wholePages();
        PageSender wholePages = sender(route(mechanism, schedule, gifts, block.spec(), true));
        PageSender partPage = sender(route(mechanism, schedule, gifts, block.spec(), false));
        ExceptionalPages exceptional = block.exceptional();
        Route exception = exceptional.pinned().isEmpty() ? STILL_MAPPED : PINNED;
        PageBitmap exceptions = exceptional.pinned().isEmpty() ? exceptional.shared() : exceptional.pinned();
        for (PageRuns runs = pages.runs(); runs.next(); ) {
            long end = runs.end();
            for (long first = runs.first(); first < end; ) {
                boolean part = first >= whole;
                int count = (int) Math.min(batch, (part ? end : Math.min(end, whole)) - first);
                boolean excepted = exceptions.get(first);
                if (!exceptions.isEmpty()) {
                    count = sameKind(exceptions, first, count);
                }
                (excepted ? sender(exception) : part ? partPage : wholePages)
                        .send(index, block, new PageRange(first, count)); // one object a batch
                first += count;
                progress.sent(count);
            }
        }
        records.flush();
    }

    /**
     * Counts the pages from {@code first} on, {@code most} at most, that are all exceptions or, if the first is none,
     * all not.
     */
    static int sameKind(PageBitmap exceptions, long first, int most) {
        int count = 1;
        while (count < most && exceptions.get(first + count) == exceptions.get(first)) {
            count++;
        }
        return count;
    }

    /** Announces postcopy pages of a block: they stay here, and the destination reads them after the switchover. */
    public void announcePostcopyPages(int index, PageBitmap pages) throws IOException {
        addRecords(records, FrameType.POSTCOPY, index, pages);
        records.flush();
    }

    private static void addRecords(RecordWriter records, FrameType type, int index, PageBitmap pages)
            throws IOException {
        for (PageRuns runs = pages.runs(); runs.next(); ) {
            for (long first = runs.first(); first < runs.end(); first += EXPECT_PAGES) {
                records.add(type, index, new PageRange(first, Math.min(EXPECT_PAGES, runs.end() - first)));
            }
        }
    }

    /**
     * Sends the bytes of pages of a block again, even if they are zero, because they were written after they had been
     * sent first.
     */
    public void resend(int index, RamBlock block, PageRange range) throws IOException {
        for (long page = range.first(); page < range.end(); page++) {
            Route route = block.exceptional().shared().get(page)
                    ? STILL_MAPPED
                    : route(
                            mechanism,
                            schedule,
                            gifts,
                            block.spec(),
                            page < block.spec().wholePages());
            if (route.reason() == null) {
                throw new IllegalStateException("pages of " + block.spec().name() + " do not cross as bytes");
            }
            new BytesSender(records, stream, route.reason()).send(index, block, new PageRange(page, 1));
        }
    }

    private PageSender sender(Route route) {
        return switch (route.way()) {
            case MAP -> map;
            case FLIP -> flip;
            case GIFT -> gift;
            case PULL -> pull;
            case FUSE -> fuse;
            case BYTES -> byteSender(route.reason());
        };
    }

    private PageSender byteSender(@Nullable CopyReason reason) {
        PageSender sender = reason == null ? null : byteSenders.get(reason);
        if (sender == null) {
            throw new IllegalStateException("bytes are sent without a reason");
        }
        return sender;
    }

    /** Called after each batch; may stop the sending with an exception. */
    @FunctionalInterface
    public interface BatchListener {
        void sent(int pages) throws IOException;
    }
}
