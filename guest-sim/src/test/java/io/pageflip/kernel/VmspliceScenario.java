package io.pageflip.kernel;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import java.util.stream.IntStream;

/**
 * Gifts and moves between a writer and a reader whose memory is of all kinds, with calls of all shapes, while things happen in
 * between. What the reader must hold is known from a queue of what the writer's memory held when it went into the pipe.
 */
record VmspliceScenario(long seed, VmspliceVariant variant, List<Area> source, List<Area> destination, List<Step> steps)
        implements Scenario {
    private static final long SOURCE = 8 * PageTable.SPAN - 6 * 4096;
    private static final long DESTINATION = 32 * PageTable.SPAN - 6 * 4096;
    private static final int PAGES = 14;
    private static final int HUGE = 4;
    private static final List<VmspliceVariant> VARIANTS = List.of(VmspliceVariant.values());
    private static final List<Kind> KINDS = List.of(Kind.values());
    private static final List<Call> OTHER_CALLS = List.of(Call.FORK, Call.SWAP, Call.LOCK_PAGE);

    /** What may come between the steps of the reader's code. */
    private static final Set<Hazard> HAZARDS = EnumSet.of(
            Hazard.ANON_VMA_ALLOCATION,
            Hazard.PAGE_TABLE_ALLOCATION,
            Hazard.FATAL_SIGNAL,
            Hazard.READER_FAULTS,
            Hazard.READER_FAULTS_AND_SWAPS,
            Hazard.PAGE_MAPPED_AGAIN);

    enum Kind {
        ANONYMOUS,
        UNTOUCHED,
        SWAPPED,
        KSM,
        KSM_ALONE,
        PINNED,
        LOCKED,
        READ_ONLY,
        FILE,
        SHARED_MEMORY,
        THP,
        HUGETLB,
        HOLE;

        int pages() {
            return this == THP || this == HUGETLB ? HUGE : 1;
        }
    }

    /** Pages of one kind, from page {@code first} on. */
    record Area(Kind kind, int first) {}

    /** A call, or the fork of the writer, and what strikes while it runs. */
    record Step(Call call, List<Iovec> memory, int flags, Set<Hazard> hazards) {}

    enum Call {
        TO_PIPE,
        TO_USER,
        /** The writer forks. */
        FORK,
        /** Everything of the writer that can be swapped out is, and half of it comes back. */
        SWAP,
        /** Somebody locks the oldest page in the pipe. */
        LOCK_PAGE
    }

    static VmspliceScenario of(long seed) {
        Random random = new Random(seed);
        VmspliceVariant variant = VARIANTS.get(random.nextInt(VARIANTS.size()));
        List<Area> source = areas(random, 60);
        List<Area> destination = random.nextInt(6) == 0 ? untouched() : areas(random, 70);
        List<Step> steps = new ArrayList<>();
        int calls = 2 + random.nextInt(6);
        for (int i = 0; i < calls; i++) {
            steps.add(step(random, i % 2 == 0));
        }
        return new VmspliceScenario(seed, variant, source, destination, steps);
    }

    private static List<Area> areas(Random random, int percentPlain) {
        List<Area> areas = new ArrayList<>();
        for (int page = 0; page < PAGES; ) {
            Kind kind = random.nextInt(100) < percentPlain ? Kind.ANONYMOUS : KINDS.get(random.nextInt(KINDS.size()));
            areas.add(new Area(kind, page));
            page += kind.pages();
        }
        return areas;
    }

    /** No page table page there yet. */
    private static List<Area> untouched() {
        return IntStream.range(0, PAGES)
                .mapToObj(page -> new Area(Kind.UNTOUCHED, page))
                .toList();
    }

    private static Step step(Random random, boolean write) {
        if (random.nextInt(8) == 0) {
            Call call = OTHER_CALLS.get(random.nextInt(OTHER_CALLS.size()));
            return new Step(call, List.of(), 0, Set.of());
        }
        long base = write ? SOURCE : DESTINATION;
        List<Iovec> memory = new ArrayList<>();
        int pieces = random.nextInt(4) == 0 ? 2 + random.nextInt(2) : 1;
        for (int i = 0; i < pieces; i++) {
            Iovec piece = piece(random, base);
            // A page that is named twice in one call has its content once only: when, is not for this test to know.
            if (memory.stream().noneMatch(other -> overlap(other, piece))) {
                memory.add(piece);
            }
        }
        int flags = random.nextInt(10) == 0
                ? random.nextInt(32)
                : write ? SpliceFlags.GIFT | SpliceFlags.MOVE : SpliceFlags.MOVE;
        Set<Hazard> hazards = EnumSet.noneOf(Hazard.class);
        for (Hazard hazard : HAZARDS) {
            if (!write && random.nextInt(10) == 0) {
                hazards.add(hazard);
            }
        }
        return new Step(write ? Call.TO_PIPE : Call.TO_USER, memory, flags, hazards);
    }

    private static boolean overlap(Iovec one, Iovec other) {
        return one.base() / 4096 * 4096 < other.base() + other.length()
                && other.base() / 4096 * 4096 < one.base() + one.length();
    }

    private static Iovec piece(Random random, long base) {
        int page = random.nextInt(PAGES) - random.nextInt(8) / 7;
        long offset = random.nextInt(12) == 0 ? 512L * random.nextInt(8) : 0;
        long length = random.nextInt(12) == 0 ? 512L * random.nextInt(24) : 4096L * (1 + random.nextInt(5));
        return new Iovec(base + page * 4096L + offset, length);
    }

    @Override
    public void run(Seen seen) {
        new Run(seen).run();
    }

    private final class Run {
        private final Seen seen;
        private final ScriptedHazards hazards = new ScriptedHazards();
        private final Kernel kernel = new Kernel(160, hazards);
        private final AddressSpace writer = kernel.newAddressSpace();
        private final AddressSpace reader = kernel.newAddressSpace();
        private final List<AddressSpace> children = new ArrayList<>();
        private final List<PageFrame> pinned = new ArrayList<>();
        private final List<PageCache> files = new ArrayList<>();
        private final Pipe pipe = kernel.newPipe(10);
        private final Tally<GiftReason> gifts = new Tally<>(GiftReason.class);
        private final Tally<MoveReason> moves = new Tally<>(MoveReason.class);
        private final Vmsplice vmsplice = new Vmsplice(kernel, variant, gifts, moves);
        private final ArrayDeque<Long> inPipe = new ArrayDeque<>(); // grains
        private final ArrayDeque<Integer> buffers = new ArrayDeque<>(); // lengths
        private final Map<Long, Long> readerHolds = new HashMap<>();
        private final List<PageFrame> locked = new ArrayList<>();

        Run(Seen seen) {
            this.seen = seen;
        }

        void run() {
            build(writer, source, SOURCE);
            build(reader, destination, DESTINATION);
            audit();
            try {
                for (Step step : steps) {
                    perform(step);
                    audit();
                    nothingIsMappedTwice();
                }
            } catch (KernelBugException e) {
                posted(anythingUnaligned(), e);
                return;
            } finally {
                seen.tally(gifts, seen.gifts, GiftReason.values());
                seen.tally(moves, seen.moves, MoveReason.values());
            }
            checkWhatIsLeft();
            tearDown();
            seen.log(kernel.log());
        }

        /** The posted code may crash, if the scenario has what makes it. */
        private void posted(boolean defect, KernelBugException e) {
            if (variant != VmspliceVariant.AS_POSTED || !defect) {
                throw e;
            }
        }

        private boolean anythingUnaligned() {
            return steps.stream()
                    .flatMap(step -> step.memory.stream())
                    .anyMatch(piece -> (piece.base() | piece.length()) % 4096 != 0);
        }

        // Building.

        private void build(AddressSpace mm, List<Area> areas, long base) {
            for (Area area : areas) {
                long start = base + area.first * 4096L;
                map(mm, area.kind, start, start + area.kind.pages() * 4096L);
            }
        }

        private void map(AddressSpace mm, Kind kind, long start, long end) {
            switch (kind) {
                case HOLE -> {}
                case THP, HUGETLB -> {
                    mm.mmapHuge(start, end, HUGE, kind == Kind.HUGETLB);
                    for (long at = start; at < end; at += 4096) {
                        mm.writePage(at, at);
                    }
                }
                case FILE, SHARED_MEMORY -> {
                    PageCache file = kind == Kind.FILE ? kernel.newFile(1 << 20) : kernel.newSharedMemory(1 << 20);
                    files.add(file);
                    file.populate(3, start);
                    mm.mmapFile(start, end, Set.of(Vma.Flag.SHARED, Vma.Flag.WRITE), file, 3);
                }
                case READ_ONLY -> mm.mmap(start, end, Set.of());
                case LOCKED -> {
                    mm.mmap(start, end, Set.of(Vma.Flag.WRITE, Vma.Flag.LOCKED));
                    mm.writePage(start, start);
                }
                default -> {
                    mm.mmap(start, end, Set.of(Vma.Flag.WRITE));
                    fill(mm, kind, start);
                }
            }
        }

        private void fill(AddressSpace mm, Kind kind, long start) {
            if (kind == Kind.UNTOUCHED) {
                return;
            }
            mm.writePage(start, start);
            switch (kind) {
                case SWAPPED -> mm.swapOut(start);
                case PINNED -> pinned.add(Objects.requireNonNull(mm.getUserPage(start)));
                case KSM, KSM_ALONE -> {
                    long twin = start + 64 * 4096;
                    mm.mmap(twin, twin + 4096, Set.of(Vma.Flag.WRITE));
                    mm.writePage(twin, start);
                    if (!Ksm.merge(mm, start, mm, twin)) {
                        throw new AssertionError("not merged");
                    }
                    if (kind == Kind.KSM_ALONE) {
                        mm.write(twin, 1);
                    }
                }
                default -> {}
            }
        }

        // Running.

        private void perform(Step step) {
            for (Hazard hazard : step.hazards) {
                hazards.next(hazard, () -> struck(hazard));
            }
            switch (step.call) {
                case TO_PIPE -> toPipe(step);
                case TO_USER -> toUser(step);
                case FORK -> children.add(writer.fork());
                case SWAP -> {
                    for (int i = 0; i < PAGES; i++) {
                        if (writer.swapOut(SOURCE + i * 4096L) && i % 2 == 0) {
                            writer.read(SOURCE + i * 4096L);
                        }
                    }
                }
                case LOCK_PAGE -> {
                    PipeBuffer head = pipe.peek();
                    if (head != null) {
                        head.page().lock();
                        head.page().get();
                        locked.add(head.page());
                        pinned.add(head.page());
                    }
                }
            }
            hazards.clear();
        }

        private void struck(Hazard hazard) {
            seen.hazards.add(hazard);
            if (hazard == Hazard.PAGE_MAPPED_AGAIN) {
                for (AddressSpace child : children) {
                    for (int i = 0; i < PAGES; i++) {
                        child.access(SOURCE + i * 4096L, false);
                    }
                }
            }
        }

        private void toPipe(Step step) {
            List<Long> held = new ArrayList<>();
            List<Integer> lengths = new ArrayList<>();
            for (Iovec piece : step.memory) {
                for (long at = piece.base(); at < piece.base() + piece.length(); at += 512) {
                    held.add(peek(writer, at));
                    if (at == piece.base() || at % 4096 == 0) {
                        lengths.add(0);
                    }
                    lengths.set(lengths.size() - 1, lengths.get(lengths.size() - 1) + 512);
                }
            }
            long before = gifts.offeredBytes() - gifts.bytes(Outcome.FAILED);
            long failures = gifts.count(Outcome.FAILED);
            long result = vmsplice.toPipe(writer, pipe, step.memory, step.flags);
            long done = Math.max(result, 0);
            equal(
                    done,
                    gifts.offeredBytes() - gifts.bytes(Outcome.FAILED) - before,
                    "bytes that the writer's half decided");
            atMostOneFailure(gifts.count(Outcome.FAILED) - failures, result);
            inPipe.addAll(held.subList(0, (int) (done / 512)));
            for (int i = 0; done > 0; i++) {
                buffers.add(lengths.get(i));
                done -= lengths.get(i);
            }
        }

        private void toUser(Step step) {
            long moved = moves.offeredBytes() - moves.bytes(Outcome.FAILED);
            long decisions = moves.offered();
            long failures = moves.count(Outcome.FAILED);
            boolean trusted = contentCounts();
            long result = vmsplice.toUser(reader, pipe, step.memory, step.flags);
            long done = Math.max(result, 0);
            equal(
                    done,
                    moves.offeredBytes() - moves.bytes(Outcome.FAILED) - moved,
                    "bytes that the reader's half decided");
            long failed = moves.count(Outcome.FAILED) - failures;
            atMostOneFailure(failed, result);
            equal(expectedDecisions(step, done) + failed, moves.offered() - decisions, "decisions");
            List<Long> arrived = new ArrayList<>();
            for (long i = 0; i < done; i += 512) {
                arrived.add(inPipe.remove());
            }
            if (trusted && contentCounts()) {
                checkArrived(step, arrived);
            }
        }

        /** Content that is not as it should be has a name from then on. */
        private boolean contentCounts() {
            KernelLog log = kernel.log();
            return log.count(Defect.CLAIMED_NOT_MOVED)
                            + log.count(Defect.UNALIGNED_READER)
                            + log.count(Defect.SHORT_REQUEST)
                            + log.count(Defect.LATER_MAPPING)
                            + log.count(Defect.EXTRA_REFERENCE)
                            + log.count(Defect.SWAP_CACHE_SHARED)
                            + log.count(Defect.MAPPED_IN_BOTH)
                    == 0;
        }

        private void checkArrived(Step step, List<Long> arrived) {
            Map<Long, Long> expected = new HashMap<>();
            int next = 0;
            for (Iovec piece : step.memory) {
                for (long at = piece.base(); at < piece.base() + piece.length(); at += 512) {
                    if (next < arrived.size()) {
                        expected.put(at, arrived.get(next++));
                    } else {
                        readerHolds.remove(at); // perhaps overwritten before the fault
                    }
                }
            }
            expected.forEach((at, value) -> equal(value, peek(reader, at), "content at " + at));
            readerHolds.putAll(expected);
            if (next < arrived.size()) {
                throw new AssertionError("more arrived than was asked for");
            }
        }

        /** How many decisions so many bytes take: a buffer, or what is wanted of it, each. */
        private long expectedDecisions(Step step, long bytes) {
            long decisions = 0;
            long left = bytes;
            int piece = 0;
            long pieceLeft = variant == VmspliceVariant.AS_POSTED && bytes > 0
                    ? step.memory.get(0).length()
                    : left;
            while (left > 0) {
                int buffer = buffers.remove();
                long chunk = Math.min(Math.min(buffer, left), pieceLeft);
                decisions++;
                left -= chunk;
                pieceLeft -= chunk;
                if (chunk < buffer) {
                    buffers.push((int) (buffer - chunk));
                }
                if (pieceLeft == 0 && left > 0) {
                    pieceLeft = step.memory.get(++piece).length();
                }
            }
            return decisions;
        }

        private void atMostOneFailure(long failures, long result) {
            boolean fault = result == Errno.EFAULT.result();
            if (failures > 1 || (failures == 0 && fault && variant != VmspliceVariant.AS_POSTED)) {
                throw new AssertionError(failures + " failures, and the call returned " + result);
            }
        }

        // Checking.

        /** Without changing what is mapped. */
        private long peek(AddressSpace mm, long address) {
            PageFrame page = mm.mappedPage(address);
            if (page != null) {
                return page.grain((int) (address % 4096 / 512));
            }
            return mm.lookupVma(address) == null ? 0 : mm.read(address);
        }

        private void audit() {
            Audit audit = new Audit(kernel).mm(writer).mm(reader).pipe(pipe).held(pinned);
            children.forEach(audit::mm);
            files.forEach(audit::file);
            audit.swapEntriesMayBeLost(kernel.log().count(Defect.SWAP_ENTRY_LOST) > 0)
                    .check();
        }

        private void nothingIsMappedTwice() {
            KernelLog log = kernel.log();
            if (log.count(Defect.MAPPED_IN_BOTH) + log.count(Defect.SWAP_CACHE_SHARED) > 0) {
                return;
            }
            Map<PageFrame, Integer> inReader = new HashMap<>();
            reader.pageTable().forEach((address, entries, entry) -> {
                PageFrame page = entries.page(entry);
                if (page != null && page.isAnon()) {
                    inReader.merge(page, 1, Integer::sum);
                }
            });
            inReader.forEach((page, count) -> {
                if (page.mapCount() != count) {
                    throw new AssertionError("mapped in both: " + page);
                }
                if (count > 1 && !page.isKsm()) {
                    throw new AssertionError("mapped twice: " + page);
                }
            });
        }

        /** What was neither gifted nor aimed at is as it was. */
        private void checkWhatIsLeft() {
            if (contentCounts()) {
                readerHolds.forEach((at, value) -> equal(value, peek(reader, at), "content later at " + at));
            }
            for (Area area : source) {
                for (int i = 0; i < area.kind.pages() && area.kind != Kind.HOLE; i++) {
                    long at = SOURCE + (area.first + i) * 4096L;
                    checkSource(area.kind, at);
                }
            }
        }

        private void checkSource(Kind kind, long at) {
            boolean written = kind != Kind.UNTOUCHED && kind != Kind.READ_ONLY;
            for (AddressSpace child : children) {
                long value = child.read(at);
                if (contentCounts() && value != 0 && value != at) {
                    throw new AssertionError("a child reads " + value + " at " + at);
                }
            }
            long value = writer.read(at);
            boolean gone = value == 0 && variant != VmspliceVariant.STOCK && wasGifted(at) && kind != Kind.FILE;
            if (value != (written ? at : 0) && !gone) {
                throw new AssertionError("the writer reads " + value + " at " + at);
            }
        }

        private boolean wasGifted(long at) {
            return steps.stream()
                    .filter(step -> step.call == Call.TO_PIPE)
                    .flatMap(step -> step.memory.stream())
                    .anyMatch(piece -> piece.base() <= at && piece.base() + piece.length() >= at + 4096);
        }

        private void tearDown() {
            pipe.close();
            for (PageFrame page : locked) {
                page.clear(PageFlag.LOCKED);
            }
            pinned.forEach(PageFrame::put);
            writer.exit();
            children.forEach(AddressSpace::exit);
            reader.exit();
            files.forEach(PageCache::truncate);
            KernelLog log = kernel.log();
            if (log.count(Defect.LATER_MAPPING) == 0) {
                equal(0, kernel.allocator().inUse(), "frames in use after all");
            }
            if (log.count(Defect.SWAP_ENTRY_LOST) == 0) {
                equal(0, kernel.swapSlotsInUse(), "swap slots in use after all");
            }
            if (variant != VmspliceVariant.AS_POSTED) {
                equal(0, log.count(Warning.BAD_RSS_COUNTER), "wrong rss counters");
            }
            equal(0, log.count(Warning.BAD_PAGE_STATE), "bad pages");
        }

        private void equal(long expected, long actual, String what) {
            if (expected != actual) {
                throw new AssertionError(what + " should be " + expected + ", is " + actual);
            }
        }
    }
}
