package io.pageflip.kernel;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * One FUSE READ and its reply, from pages of all kinds in all states, while the request is aborted or the page cache
 * filled.
 *
 * @param oldPages what is wrong with the request's pages, one each; null if nothing is
 * @param cutBytes what the reply is shorter than the pipe's content
 */
record FuseScenario(
        long seed,
        boolean replaceable,
        int flags,
        int headerBytes,
        List<@Nullable PageFlag> oldPages,
        List<Piece> pieces,
        int cutBytes,
        Set<Hazard> hazards)
        implements Scenario {
    private static final List<PageFlag> FLAGS = List.of(PageFlag.values());
    private static final List<PageFlag> OLD_PAGE_FLAGS =
            List.of(PageFlag.PRIVATE, PageFlag.DIRTY, PageFlag.WRITEBACK, PageFlag.MLOCKED);
    private static final List<Source> SOURCES = List.of(Source.values());
    static final List<Hazard> HAZARDS = List.of(
            Hazard.SPECULATIVE_REFERENCE,
            Hazard.PAGE_CACHE_REPOPULATED,
            Hazard.PAGE_CACHE_ALLOCATION,
            Hazard.ABORT_BEFORE_MOVE,
            Hazard.ABORT_AFTER_ADD);

    enum Source {
        FILE,
        SHARED_MEMORY,
        /** Written into the pipe, and so not marked as up to date. */
        WRITTEN,
        /** The same, on a kernel that marks it. */
        WRITTEN_UPTODATE,
        GIFT,
        GIFT_STILL_MAPPED
    }

    /**
     * What one buffer of the pipe holds.
     *
     * @param flag an additional mark of its page; null for none
     * @param held whether somebody else holds the page
     * @param unread whether it is not up to date
     * @param mappedOld whether the request's page at the same place is mapped
     */
    record Piece(
            Source source,
            int offset,
            int length,
            @Nullable PageFlag flag,
            boolean held,
            boolean unread,
            boolean mappedOld) {}

    static FuseScenario of(long seed) {
        Random random = new Random(seed);
        int pages = 1 + random.nextInt(4);
        List<@Nullable PageFlag> oldPages = new ArrayList<>();
        for (int i = 0; i < pages; i++) {
            oldPages.add(random.nextInt(8) == 0 ? OLD_PAGE_FLAGS.get(random.nextInt(4)) : null);
        }
        List<Piece> pieces = new ArrayList<>();
        for (int left = pages * PageFrame.SIZE; left > 0; ) {
            Piece piece = piece(random, Math.min(left, PageFrame.SIZE));
            pieces.add(piece);
            left -= piece.length;
        }
        Set<Hazard> hazards = EnumSet.noneOf(Hazard.class);
        if (random.nextInt(3) == 0) {
            hazards.add(HAZARDS.get(random.nextInt(HAZARDS.size())));
        }
        return new FuseScenario(
                seed,
                random.nextInt(8) != 0,
                random.nextInt(8) == 0 ? 0 : SpliceFlags.MOVE,
                FuseDevice.HEADER_BYTES + (random.nextInt(8) == 0 ? 512 * random.nextInt(4) : 0),
                oldPages,
                pieces,
                random.nextInt(4) == 0 ? 512 * random.nextInt(20) : 0,
                hazards);
    }

    private static Piece piece(Random random, int most) {
        boolean part = random.nextInt(10) == 0;
        int length = part ? 512 * (1 + random.nextInt(most / 512)) : most;
        int offset = part ? 512 * random.nextInt((PageFrame.SIZE - length) / 512 + 1) : 0;
        return new Piece(
                random.nextInt(2) == 0 ? Source.FILE : SOURCES.get(random.nextInt(SOURCES.size())),
                offset,
                length,
                random.nextInt(5) == 0 ? FLAGS.get(random.nextInt(FLAGS.size())) : null,
                random.nextInt(10) == 0,
                random.nextInt(15) == 0,
                random.nextInt(15) == 0);
    }

    @Override
    public void run(Seen seen) {
        new Run(seen).run();
    }

    private final class Run {
        private final Seen seen;
        private final ScriptedHazards script = new ScriptedHazards();
        private final Kernel kernel = new Kernel(48, script);
        private final PageCache fuse = kernel.newFile(1 << 20);
        private final List<PageCache> files = new ArrayList<>(List.of(fuse));
        private final List<PageFrame> held = new ArrayList<>();
        private final AddressSpace process = kernel.newAddressSpace();
        private final Pipe pipe = kernel.newPipe(64);
        private final Tally<FuseReason> tally = new Tally<>(FuseReason.class);
        private final Tally<GiftReason> gifts = new Tally<>(GiftReason.class);
        private final Tally<MoveReason> moves = new Tally<>(MoveReason.class);
        private final ArrayDeque<Long> inPipe = new ArrayDeque<>();
        private final FuseRequest request;

        Run(Seen seen) {
            this.seen = seen;
            leaveOldContent();
            request = FuseRequest.readPages(kernel, fuse, 0, oldPages.size(), replaceable);
        }

        /** Nobody zeroes the pages of a request beforehand. */
        private void leaveOldContent() {
            List<PageFrame> frames = new ArrayList<>();
            for (PageFrame page = kernel.allocator().alloc();
                    page != null;
                    page = kernel.allocator().alloc()) {
                page.fill(77);
                frames.add(page);
            }
            frames.forEach(PageFrame::put);
        }

        void run() {
            build();
            for (Hazard hazard : hazards) {
                script.next(hazard, () -> seen.hazards.add(hazard));
            }
            int bytes = Math.max(0, inPipe.size() * 512 - cutBytes);
            long piped = bytesInPipe();
            long result;
            try {
                result = new FuseDevice(tally).spliceWrite(pipe, FuseDevice.HEADER_BYTES + bytes, flags, request);
            } catch (KernelBugException e) {
                if (kernel.log().count(Defect.ABORTED_WHILE_UNLOCKED) == 0) {
                    throw e;
                }
                seen.log(kernel.log());
                return;
            }
            check(result, bytes);
            boolean tooLong = FuseDevice.HEADER_BYTES + bytes > piped;
            equal(tooLong ? piped : piped - FuseDevice.HEADER_BYTES - bytes, bytesInPipe(), "bytes left in the pipe");
            seen.tally(tally, seen.fuse, FuseReason.values());
            audit();
            tearDown();
            seen.log(kernel.log());
        }

        private void build() {
            write(new Piece(Source.WRITTEN, 0, headerBytes, null, false, false, false), 1 << 20);
            for (int i = 0; i < FuseDevice.HEADER_BYTES / 512; i++) {
                inPipe.remove();
            }
            for (int i = 0; i < pieces.size(); i++) {
                write(pieces.get(i), 1000L * (i + 1));
            }
            // A header with something behind it, or anything cut, makes the pipe hold more or less than the request
            // wants.
            while (inPipe.size() * 512 > oldPages.size() * PageFrame.SIZE) {
                inPipe.removeLast();
            }
            process.mmapFile(1 << 20, (1 << 20) + 8 * 4096, Set.of(Vma.Flag.SHARED), fuse, 0);
            for (int i = 0; i < oldPages.size(); i++) {
                PageFlag flag = oldPages.get(i);
                if (flag != null) {
                    request.page(i).set(flag);
                }
                if (i < pieces.size() && pieces.get(i).mappedOld) {
                    process.access((1 << 20) + i * 4096L, false);
                }
            }
            audit();
        }

        private void write(Piece piece, long stamp) {
            switch (piece.source) {
                case FILE, SHARED_MEMORY -> {
                    PageCache file = piece.source == Source.FILE ? kernel.newFile(4096) : kernel.newSharedMemory(4096);
                    files.add(file);
                    file.populate(0, stamp);
                    pipe.spliceFrom(file, 0, piece.offset, piece.length);
                }
                case WRITTEN, WRITTEN_UPTODATE -> pipe.write(piece.length, stamp);
                case GIFT, GIFT_STILL_MAPPED -> gift(piece, stamp);
            }
            PageFrame page = pipe.at(pipe.buffers() - 1).page();
            int offset = pipe.at(pipe.buffers() - 1).offset();
            for (int i = 0; i < piece.length / 512; i++) {
                inPipe.add(page.grain(offset / 512 + i));
            }
            mark(piece, page);
        }

        private void mark(Piece piece, PageFrame page) {
            if (piece.source == Source.WRITTEN_UPTODATE) {
                page.set(PageFlag.UPTODATE);
            }
            if (piece.flag != null && piece.flag != PageFlag.LOCKED && piece.flag != PageFlag.SWAPCACHE) {
                page.set(piece.flag);
            }
            if (piece.unread) {
                page.clear(PageFlag.UPTODATE);
            }
            if (piece.held) {
                page.get();
                held.add(page);
            }
        }

        private void gift(Piece piece, long stamp) {
            long at = 4096L * (pipe.buffers() + 1);
            process.mmap(at, at + 4096, Set.of(Vma.Flag.WRITE));
            process.writePage(at, stamp);
            int how = piece.source == Source.GIFT ? SpliceFlags.GIFT | SpliceFlags.MOVE : SpliceFlags.GIFT;
            new Vmsplice(kernel, VmspliceVariant.FIXED, gifts, moves)
                    .toPipe(process, pipe, List.of(new Iovec(at + piece.offset, piece.length)), how);
        }

        private void check(long result, int bytes) {
            int offered = (bytes + PageFrame.SIZE - 1) / PageFrame.SIZE;
            boolean failed = result < 0;
            equal(failed ? 1 : 0, failed && tally.offered() == 0 ? 1 : tally.count(Outcome.FAILED), "failures");
            if (failed) {
                return;
            }
            equal(FuseDevice.HEADER_BYTES + bytes, result, "bytes");
            equal(offered, tally.offered(), "decisions");
            equal(bytes, tally.offeredBytes(), "bytes decided");
            long notCached = tally.count(Outcome.COPIED, FuseReason.REPOPULATED)
                    + tally.count(Outcome.COPIED, FuseReason.ADD_WITHOUT_MEMORY);
            equal(notCached, kernel.log().count(Defect.REPLY_NOT_CACHED), "replies that are not cached");
            equal(notCached, offered - arrived(offered), "pages whose content is not in the cache");
        }

        /** Pages in the cache, up to date, unlocked, with what the pipe held, and zeros behind that. */
        private long arrived(int offered) {
            long arrived = 0;
            for (int i = 0; i < offered; i++) {
                PageFrame page = fuse.find(i);
                boolean same = page != null;
                for (int grain = 0; grain < PageFrame.GRAINS; grain++) {
                    int place = i * PageFrame.GRAINS + grain;
                    Long expected = place * 512L < bytesOf() ? inPipe.poll() : Long.valueOf(0);
                    same = same && expected != null && page != null && page.grain(grain) == expected;
                }
                if (same && page != null && page.is(PageFlag.UPTODATE) && !page.is(PageFlag.LOCKED)) {
                    arrived++;
                }
            }
            return arrived;
        }

        private long bytesInPipe() {
            long bytes = 0;
            for (int i = 0; i < pipe.buffers(); i++) {
                bytes += pipe.at(i).length();
            }
            return bytes;
        }

        private long bytesOf() {
            return tally.offeredBytes();
        }

        private void audit() {
            Audit audit = new Audit(kernel).mm(process).pipe(pipe).held(held);
            files.forEach(audit::file);
            if (!request.isEnded()) {
                for (int i = 0; i < oldPages.size(); i++) {
                    audit.held(List.of(request.page(i)));
                }
            }
            audit.check();
        }

        private void tearDown() {
            pipe.close();
            if (!request.isEnded()) {
                request.end();
            }
            process.exit();
            held.forEach(PageFrame::put);
            files.forEach(PageCache::truncate);
            equal(0, kernel.allocator().inUse(), "frames in use after all");
            equal(
                    kernel.log().count(Defect.PAGE_LEFT_LOCKED) > 0 ? 1 : 0,
                    kernel.log().count(Warning.BAD_PAGE_STATE),
                    "bad pages");
        }

        private void equal(long expected, long actual, String what) {
            if (expected != actual) {
                throw new AssertionError(what + " should be " + expected + ", is " + actual);
            }
        }
    }
}
