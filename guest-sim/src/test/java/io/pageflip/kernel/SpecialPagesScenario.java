package io.pageflip.kernel;

import io.pageflip.kernel.SpecialPages.Architecture;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.Set;

/**
 * One insertion of pages of all kinds, around the end of a page table page. What must come of it is worked out page by
 * page.
 *
 * @param offsetBytes of the first address, from the start of the mapping
 * @param taken places in the mapping that have an entry already
 */
record SpecialPagesScenario(
        long seed,
        Architecture architecture,
        boolean mixed,
        boolean locked,
        long offsetBytes,
        List<Kind> pages,
        Set<Integer> taken,
        Set<Hazard> hazards)
        implements Scenario {
    private static final int ROOM = 36;
    private static final long START = 4 * PageTable.SPAN - 12 * 4096;
    private static final List<Kind> KINDS = List.of(Kind.values());
    private static final List<Architecture> ARCHITECTURES = List.of(Architecture.values());

    enum Kind {
        LOCKED_FILE(true),
        WRITEBACK_FILE(true),
        FILE(false),
        PINNED(true),
        ANONYMOUS(false),
        PINNED_AND_SHARED(true),
        SHARED_MEMORY(false),
        HUGE(true), // each of its mappings counts as a pin
        ZERO_PAGE(false);

        final boolean inserted;

        Kind(boolean inserted) {
            this.inserted = inserted;
        }
    }

    static SpecialPagesScenario of(long seed) {
        Random random = new Random(seed);
        List<Kind> pages = new ArrayList<>();
        int count = random.nextInt(10) == 0 ? 0 : 1 + random.nextInt(30);
        int percentGood = random.nextInt(3) == 0 ? 90 : 100;
        for (int i = 0; i < count; i++) {
            Kind good = random.nextBoolean() ? Kind.LOCKED_FILE : Kind.PINNED;
            pages.add(random.nextInt(100) < percentGood ? good : KINDS.get(random.nextInt(KINDS.size())));
        }
        Set<Integer> taken = random.nextInt(4) == 0 ? Set.of(random.nextInt(ROOM)) : Set.of();
        Set<Hazard> hazards = EnumSet.noneOf(Hazard.class);
        if (random.nextInt(5) == 0) {
            hazards.add(random.nextBoolean() ? Hazard.PMD_ALLOCATION : Hazard.PAGE_TABLE_ALLOCATION);
        }
        long offset = random.nextInt(ROOM) * 4096L / (1 + random.nextInt(3)) / 4096 * 4096;
        return new SpecialPagesScenario(
                seed,
                random.nextInt(3) != 0 ? Architecture.BATCHED : ARCHITECTURES.get(random.nextInt(3)),
                random.nextBoolean(),
                random.nextInt(8) != 0,
                offset + (random.nextInt(8) == 0 ? 512L * random.nextInt(8) : 0) - random.nextInt(16) / 15 * 4096L,
                pages,
                taken,
                hazards);
    }

    @Override
    public void run(Seen seen) {
        new Run(seen).run();
    }

    private final class Run {
        private final Seen seen;
        private final ScriptedHazards script = new ScriptedHazards();
        private final Kernel kernel = new Kernel(96, script);
        private final AddressSpace user = kernel.newAddressSpace();
        private final AddressSpace io = kernel.newAddressSpace();
        private final PageCache file = kernel.newFile(1 << 20);
        private final PageCache sharedMemory = kernel.newSharedMemory(1 << 20);
        private final Vma vma;
        private final List<PageFrame> held = new ArrayList<>();
        private final PageFrame[] frames = new PageFrame[pages.size()];
        private final Tally<InsertReason> tally = new Tally<>(InsertReason.class);

        Run(Seen seen) {
            this.seen = seen;
            vma = user.mmap(START, START + ROOM * 4096L, Set.of(Vma.Flag.WRITE));
        }

        void run() {
            build();
            long references = references();
            SpecialPages special = new SpecialPages(kernel, architecture, tally);
            InsertResult result;
            try {
                result = special.insert(vma, START + offsetBytes, frames, 0, frames.length);
            } catch (KernelBugException e) {
                if (mixed || locked) {
                    throw e;
                }
                return;
            }
            equal(references, references(), "references and mappings");
            check(result);
            audit();
            seen.tally(tally, seen.inserts, InsertReason.values());
            special.zap(vma, START, ROOM);
            tearDown();
            seen.log(kernel.log());
        }

        private void build() {
            for (int place : taken) {
                user.writePage(START + place * 4096L, 1);
            }
            for (int i = 0; i < frames.length; i++) {
                frames[i] = page(pages.get(i), i);
            }
            if (mixed) {
                vma.set(Vma.Flag.MIXEDMAP);
            }
            if (locked) {
                user.mmapWriteLock();
            }
            for (Hazard hazard : hazards) {
                script.next(hazard, () -> seen.hazards.add(hazard));
            }
        }

        private PageFrame page(Kind kind, int i) {
            return switch (kind) {
                case LOCKED_FILE, WRITEBACK_FILE, FILE -> {
                    PageFrame page = file.populate(i, i);
                    if (kind == Kind.LOCKED_FILE) {
                        page.lock();
                    } else if (kind == Kind.WRITEBACK_FILE) {
                        page.set(PageFlag.WRITEBACK);
                    }
                    yield page;
                }
                case SHARED_MEMORY -> sharedMemory.populate(i, i);
                case ZERO_PAGE -> kernel.allocator().zeroPage();
                case HUGE -> {
                    io.mmapHuge(i * 8192L, i * 8192L + 8192, 2, false);
                    yield Objects.requireNonNull(io.mappedPage(i * 8192L + 4096));
                }
                case ANONYMOUS, PINNED, PINNED_AND_SHARED -> {
                    io.mmap(i * 8192L, i * 8192L + 4096, Set.of(Vma.Flag.WRITE));
                    io.writePage(i * 8192L, i);
                    PageFrame page = Objects.requireNonNull(io.mappedPage(i * 8192L));
                    if (kind != Kind.ANONYMOUS) {
                        page.get();
                        held.add(page);
                    }
                    if (kind == Kind.PINNED_AND_SHARED) {
                        page.set(PageFlag.PRIVATE); // looked at only of a page in the swap cache
                    }
                    yield page;
                }
            };
        }

        private long references() {
            long sum = 0;
            for (PageFrame frame : frames) {
                sum += frame.refCount() * 1000L + frame.mapCount();
            }
            return sum;
        }

        /** Where an insertion of one page after the other would end. */
        private int expected() {
            long first = offsetBytes < 0 ? -1 : offsetBytes / 4096;
            boolean range = offsetBytes >= 0 && offsetBytes + frames.length * 4096L <= ROOM * 4096L;
            if (architecture == Architecture.NONE || (architecture == Architecture.BATCHED && !range)) {
                return 0;
            }
            int done = 0;
            while (done < frames.length
                    && offsetBytes + done * 4096L >= 0
                    && offsetBytes + done * 4096L < ROOM * 4096L
                    && pages.get(done).inserted
                    && !taken.contains((int) first + done)) {
                done++;
            }
            return done;
        }

        private void check(InsertResult result) {
            long done = frames.length - result.remaining();
            long memory = tally.count(Outcome.FAILED, InsertReason.NO_PMD)
                    + tally.count(Outcome.FAILED, InsertReason.NO_PAGE_TABLE);
            if (memory == 0) {
                equal(expected(), done, "pages inserted");
            } else if (done > expected()) {
                throw new AssertionError(done + " pages inserted, of " + expected() + " at most");
            }
            equal(done, tally.count(Outcome.MOVED), "pages counted as inserted");
            equal(frames.length, tally.offered(), "pages offered");
            boolean error = result.result() != 0;
            boolean nothingAtAll = frames.length == 0;
            if (!nothingAtAll && error != result.remaining() > 0) {
                throw new AssertionError("returned " + result);
            }
            for (int i = 0; i < frames.length; i++) {
                long at = (START + offsetBytes) / 4096 * 4096 + i * 4096L;
                boolean there = user.mappedPage(at) == frames[i];
                if (at >= START && at < vma.end() && there != i < done && pages.get(i) != Kind.ZERO_PAGE) {
                    throw new AssertionError("page " + i + " is " + (there ? "" : "not ") + "there");
                }
            }
        }

        private void audit() {
            if (locked) {
                user.mmapWriteUnlock();
            }
            new Audit(kernel)
                    .mm(user)
                    .mm(io)
                    .file(file)
                    .file(sharedMemory)
                    .held(held)
                    .check();
        }

        private void tearDown() {
            for (PageFrame frame : frames) {
                frame.clear(PageFlag.LOCKED);
            }
            held.forEach(PageFrame::put);
            user.exit();
            io.exit();
            file.truncate();
            sharedMemory.truncate();
            equal(0, kernel.allocator().inUse(), "frames in use after all");
            equal(0, kernel.log().count(Warning.BAD_RSS_COUNTER), "wrong rss counters");
        }

        private void equal(long expected, long actual, String what) {
            if (expected != actual) {
                throw new AssertionError(what + " should be " + expected + ", is " + actual);
            }
        }
    }
}
