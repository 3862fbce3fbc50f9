package io.pageflip.kernel;

import io.pageflip.kernel.PipeIterWrite.WriteBegin;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;

/**
 * A few writes from one pipe into one file, from pages of all kinds. What the file must hold is known from a queue of
 * what the pipe held.
 *
 * @param cached places of the file that are in memory beforehand
 */
record PipeIterScenario(
        long seed,
        WriteBegin writeBegin,
        List<Piece> pieces,
        Set<Integer> cached,
        List<Write> writes,
        boolean noMemory,
        Set<Hazard> hazards)
        implements Scenario {
    private static final int FILE_PAGES = 8;
    private static final List<Source> SOURCES = List.of(Source.values());
    static final List<Hazard> HAZARDS =
            List.of(Hazard.PAGE_CACHE_ALLOCATION, Hazard.WRITE_BEGIN_FAILS, Hazard.NO_BLOCK);

    enum Source {
        OTHER_FILE,
        /** The file that is written to. */
        SAME_FILE,
        WRITTEN,
        GIFT
    }

    /** What one buffer of the pipe holds; {@code place} is the page of the file it comes from. */
    record Piece(Source source, int place, int offset, int length, boolean held, boolean unread) {}

    /** A call. */
    record Write(long position, long length) {}

    static PipeIterScenario of(long seed) {
        Random random = new Random(seed);
        List<Piece> pieces = new ArrayList<>();
        int buffers = 1 + random.nextInt(5);
        for (int i = 0; i < buffers; i++) {
            boolean part = random.nextInt(6) == 0;
            int length = part ? 512 * (1 + random.nextInt(8)) : PageFrame.SIZE;
            pieces.add(new Piece(
                    random.nextInt(2) == 0 ? Source.OTHER_FILE : SOURCES.get(random.nextInt(SOURCES.size())),
                    i,
                    part ? 512 * random.nextInt((PageFrame.SIZE - length) / 512 + 1) : 0,
                    length,
                    random.nextInt(8) == 0,
                    random.nextInt(24) == 0));
        }
        Set<Integer> cached = random.nextInt(3) == 0 ? Set.of(random.nextInt(FILE_PAGES)) : Set.of();
        List<Write> writes = new ArrayList<>();
        for (int i = 0; i < 1 + random.nextInt(3); i++) {
            long position = 4096L * random.nextInt(4) + (random.nextInt(5) == 0 ? 512L * random.nextInt(8) : 0);
            writes.add(new Write(position, random.nextInt(4) == 0 ? 512L * random.nextInt(24) : 5 * 4096));
        }
        Set<Hazard> hazards = EnumSet.noneOf(Hazard.class);
        if (random.nextInt(4) == 0) {
            hazards.add(HAZARDS.get(random.nextInt(HAZARDS.size())));
        }
        WriteBegin writeBegin = random.nextInt(4) == 0 ? WriteBegin.UNSUPPORTED : WriteBegin.SUPPORTED;
        return new PipeIterScenario(seed, writeBegin, pieces, cached, writes, random.nextInt(16) == 0, hazards);
    }

    @Override
    public void run(Seen seen) {
        new Run(seen).run();
    }

    private final class Run {
        private final Seen seen;
        private final ScriptedHazards script = new ScriptedHazards();
        private final Kernel kernel = new Kernel(32, script);
        private final PageCache file = kernel.newFile(1 << 20);
        private final List<PageCache> files = new ArrayList<>(List.of(file));
        private final List<PageFrame> held = new ArrayList<>();
        private final AddressSpace process = kernel.newAddressSpace();
        private final Pipe pipe = kernel.newPipe(8);
        private final Tally<PipeIterReason> tally = new Tally<>(PipeIterReason.class);
        private final Tally<GiftReason> gifts = new Tally<>(GiftReason.class);
        private final Tally<MoveReason> moves = new Tally<>(MoveReason.class);
        private final ArrayDeque<Long> inPipe = new ArrayDeque<>();
        private final Map<Long, Long> holds = new HashMap<>(); // of the file, by grain

        Run(Seen seen) {
            this.seen = seen;
        }

        void run() {
            build();
            audit();
            PipeIterWrite iter = new PipeIterWrite(kernel, tally);
            for (Write write : writes) {
                write(iter, write);
                audit();
            }
            seen.tally(tally, seen.writes, PipeIterReason.values());
            tearDown();
            seen.log(kernel.log());
        }

        private void build() {
            for (int place : cached) {
                file.populate(place, 500);
                for (int i = 0; i < PageFrame.GRAINS; i++) {
                    holds.put(place * 8L + i, 500L + i);
                }
            }
            for (int i = 0; i < pieces.size(); i++) {
                put(pieces.get(i), 1000L * (i + 1));
            }
            while (noMemory) {
                PageFrame page = kernel.allocator().alloc();
                if (page == null) {
                    break;
                }
                held.add(page);
            }
            for (Hazard hazard : hazards) {
                script.next(hazard, () -> seen.hazards.add(hazard));
            }
        }

        private void put(Piece piece, long stamp) {
            switch (piece.source) {
                case OTHER_FILE -> {
                    PageCache other = kernel.newFile(4096);
                    files.add(other);
                    other.populate(0, stamp);
                    pipe.spliceFrom(other, 0, piece.offset, piece.length);
                }
                case SAME_FILE -> {
                    file.populate(piece.place, stamp);
                    for (int i = 0; i < PageFrame.GRAINS; i++) {
                        holds.put(piece.place * 8L + i, stamp + i);
                    }
                    pipe.spliceFrom(file, piece.place, piece.offset, piece.length);
                }
                case WRITTEN -> pipe.write(piece.length, stamp);
                case GIFT -> {
                    long at = 4096L * (piece.place + 1);
                    process.mmap(at, at + 4096, Set.of(Vma.Flag.WRITE));
                    process.writePage(at, stamp);
                    new Vmsplice(kernel, VmspliceVariant.FIXED, gifts, moves)
                            .toPipe(
                                    process,
                                    pipe,
                                    List.of(new Iovec(at + piece.offset, piece.length)),
                                    SpliceFlags.GIFT | SpliceFlags.MOVE);
                }
            }
            PipeBuffer last = pipe.at(pipe.buffers() - 1);
            for (int i = 0; i < piece.length / 512; i++) {
                inPipe.add(last.page().grain(last.offset() / 512 + i));
            }
            if (piece.held) {
                last.page().get();
                held.add(last.page());
            }
            if (piece.unread) {
                last.page().clear(PageFlag.UPTODATE);
            }
        }

        /**
         * A page of this file that is in the pipe, too, and is overwritten or shoved elsewhere, changes under the
         * test's hands.
         */
        private boolean sharesPages() {
            return pieces.stream().anyMatch(piece -> piece.source == Source.SAME_FILE)
                    || kernel.log().count(Defect.PAGE_IN_FILE_AND_PIPE) > 0;
        }

        private void write(PipeIterWrite iter, Write write) {
            long before = tally.offeredBytes() - tally.bytes(Outcome.FAILED);
            long failures = tally.count(Outcome.FAILED);
            long result = iter.write(writeBegin, file, write.position, pipe, write.length);
            long done = Math.max(result, 0);
            equal(done, tally.offeredBytes() - tally.bytes(Outcome.FAILED) - before, "bytes decided");
            long failed = tally.count(Outcome.FAILED) - failures;
            if (failed > 1 || (failed == 0) == (result < 0)) {
                if (!(failed == 1 && done > 0)) {
                    throw new AssertionError(failed + " failures, and the call returned " + result);
                }
            }
            for (long at = 0; at < done; at += 512) {
                holds.put((write.position + at) / 512, inPipe.remove());
            }
            if (!sharesPages()) {
                holds.forEach((place, value) -> equal(value, grain(place), "grain " + place));
            }
        }

        private long grain(long place) {
            PageFrame page = file.find(place / 8);
            if (page == null || page.is(PageFlag.LOCKED)) {
                throw new AssertionError("page " + place / 8 + " is not in the file, or locked: " + page);
            }
            return page.grain((int) (place % 8));
        }

        private void audit() {
            Audit audit = new Audit(kernel).mm(process).pipe(pipe).held(held);
            files.forEach(audit::file);
            audit.check();
        }

        private void tearDown() {
            pipe.close();
            process.exit();
            held.forEach(PageFrame::put);
            files.forEach(PageCache::truncate);
            equal(0, kernel.allocator().inUse(), "frames in use after all");
            equal(0, kernel.log().count(Warning.BAD_PAGE_STATE), "bad pages");
        }

        private void equal(long expected, long actual, String what) {
            if (expected != actual) {
                throw new AssertionError(what + " should be " + expected + ", is " + actual);
            }
        }
    }
}
