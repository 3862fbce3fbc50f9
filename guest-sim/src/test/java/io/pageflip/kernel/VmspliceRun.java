package io.pageflip.kernel;

import static io.pageflip.kernel.VmspliceScenario.DESTINATION;
import static io.pageflip.kernel.VmspliceScenario.HUGE;
import static io.pageflip.kernel.VmspliceScenario.PAGES;
import static io.pageflip.kernel.VmspliceScenario.SOURCE;

import io.pageflip.kernel.VmspliceScenario.Area;
import io.pageflip.kernel.VmspliceScenario.Call;
import io.pageflip.kernel.VmspliceScenario.Kind;
import io.pageflip.kernel.VmspliceScenario.Step;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;

/** Runs a {@link VmspliceScenario}, and checks after each call what must hold. */
final class VmspliceRun {
    private final VmspliceVariant variant;
    private final List<Area> source;
    private final List<Area> destination;
    private final List<Step> steps;
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
    private final Vmsplice vmsplice;
    private final ArrayDeque<Long> inPipe = new ArrayDeque<>(); // grains
    private final ArrayDeque<Integer> buffers = new ArrayDeque<>(); // lengths
    private final Map<Long, Long> readerHolds = new HashMap<>();
    private final List<PageFrame> locked = new ArrayList<>();

    VmspliceRun(VmspliceScenario scenario, Seen seen) {
        variant = scenario.variant();
        source = scenario.source();
        destination = scenario.destination();
        steps = scenario.steps();
        this.seen = seen;
        vmsplice = new Vmsplice(kernel, variant, gifts, moves);
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
        everyDefectHasItsCause();
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
                .flatMap(step -> step.memory().stream())
                .anyMatch(piece -> (piece.base() | piece.length()) % 4096 != 0);
    }

    // Building.

    private void build(AddressSpace mm, List<Area> areas, long base) {
        for (Area area : areas) {
            long start = base + area.first() * 4096L;
            map(mm, area.kind(), start, start + area.kind().pages() * 4096L);
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
        for (Hazard hazard : step.hazards()) {
            hazards.next(hazard, () -> struck(hazard));
        }
        switch (step.call()) {
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
        for (Iovec piece : step.memory()) {
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
        long result = vmsplice.toPipe(writer, pipe, step.memory(), step.flags());
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
        long result = vmsplice.toUser(reader, pipe, step.memory(), step.flags());
        long done = Math.max(result, 0);
        equal(done, moves.offeredBytes() - moves.bytes(Outcome.FAILED) - moved, "bytes that the reader's half decided");
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
        for (Iovec piece : step.memory()) {
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
                ? step.memory().get(0).length()
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
                pieceLeft = step.memory().get(++piece).length();
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

    private void everyDefectHasItsCause() {
        for (Defect defect : Defect.values()) {
            if (kernel.log().count(defect) > 0 && !mayShow(defect)) {
                throw new AssertionError(defect + " without a cause");
            }
        }
    }

    private boolean mayShow(Defect defect) {
        boolean forked = has(Call.FORK);
        boolean posted = variant == VmspliceVariant.AS_POSTED;
        return switch (defect) {
            case SWAP_CACHE_SHARED ->
                variant != VmspliceVariant.STOCK && (has(Call.SWAP) || (forked && has(source, Kind.SWAPPED)));
            case EXTRA_REFERENCE -> variant != VmspliceVariant.STOCK && (!pinned.isEmpty() || mayBeInPipeTwice());
            case CLAIMED_NOT_MOVED ->
                posted
                        && (has(Hazard.READER_FAULTS)
                                // Outside of any mapping nothing zaps what an earlier move has left.
                                || kernel.log().count(Defect.LATER_MAPPING) > 0
                                || has(Hazard.PAGE_TABLE_ALLOCATION)
                                || has(Hazard.READER_FAULTS_AND_SWAPS));
            case MAPPED_IN_BOTH -> posted && forked && has(Hazard.PAGE_MAPPED_AGAIN);
            case SWAP_ENTRY_LOST -> posted && has(Hazard.READER_FAULTS_AND_SWAPS);
            case UNALIGNED_READER, SHORT_REQUEST -> posted && anythingUnaligned();
            case KSM_PAGE -> posted && (has(source, Kind.KSM) || has(source, Kind.KSM_ALONE));
            case FILE_MAPPING -> posted && (has(destination, Kind.FILE) || has(destination, Kind.SHARED_MEMORY));
            case READ_ONLY_MAPPING -> posted && has(destination, Kind.READ_ONLY);
            case LOCKED_MAPPING -> posted && has(destination, Kind.LOCKED);
            case LATER_MAPPING, STALE_RMAP, RSS_NOT_COUNTED -> posted;
            default -> false;
        };
    }

    /** A page that went into the pipe and stayed the writer's can go in again, and leave the writer then. */
    private boolean mayBeInPipeTwice() {
        int both = SpliceFlags.GIFT | SpliceFlags.MOVE;
        return steps.stream().anyMatch(step -> step.call() == Call.TO_PIPE && (step.flags() & both) != both)
                || (variant == VmspliceVariant.FIXED && anythingUnaligned());
    }

    private boolean has(Call call) {
        return steps.stream().anyMatch(step -> step.call() == call);
    }

    private boolean has(Hazard hazard) {
        return steps.stream().anyMatch(step -> step.hazards().contains(hazard));
    }

    private boolean has(List<Area> areas, Kind kind) {
        return areas.stream().anyMatch(area -> area.kind() == kind);
    }

    /** What was neither gifted nor aimed at is as it was. */
    private void checkWhatIsLeft() {
        if (contentCounts()) {
            readerHolds.forEach((at, value) -> equal(value, peek(reader, at), "content later at " + at));
        }
        for (Area area : source) {
            for (int i = 0; i < area.kind().pages() && area.kind() != Kind.HOLE; i++) {
                long at = SOURCE + (area.first() + i) * 4096L;
                checkSource(area.kind(), at);
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
                .filter(step -> step.call() == Call.TO_PIPE)
                .flatMap(step -> step.memory().stream())
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
