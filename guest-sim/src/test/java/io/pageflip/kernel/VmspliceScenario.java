package io.pageflip.kernel;

import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.stream.IntStream;

/**
 * Gifts and moves between a writer and a reader whose memory is of all kinds, with calls of all shapes, while things
 * happen in between. What the reader must hold is known from a queue of what the writer's memory held when it went into
 * the pipe.
 */
record VmspliceScenario(long seed, VmspliceVariant variant, List<Area> source, List<Area> destination, List<Step> steps)
        implements Scenario {
    static final long SOURCE = 8 * PageTable.SPAN - 6 * 4096;
    static final long DESTINATION = 32 * PageTable.SPAN - 6 * 4096;
    static final int PAGES = 14;
    static final int HUGE = 4;
    private static final List<VmspliceVariant> VARIANTS = List.of(VmspliceVariant.values());
    private static final List<Kind> KINDS = List.of(Kind.values());
    private static final List<Call> OTHER_CALLS = List.of(Call.FORK, Call.SWAP, Call.LOCK_PAGE);

    /** What may come between the steps of the reader's code. */
    static final Set<Hazard> HAZARDS = EnumSet.of(
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
        new VmspliceRun(this, seen).run();
    }
}
