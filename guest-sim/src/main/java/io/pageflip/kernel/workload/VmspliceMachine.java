package io.pageflip.kernel.workload;

import io.pageflip.kernel.AddressSpace;
import io.pageflip.kernel.GiftReason;
import io.pageflip.kernel.Hazard;
import io.pageflip.kernel.Iovec;
import io.pageflip.kernel.MoveReason;
import io.pageflip.kernel.Outcome;
import io.pageflip.kernel.PageFrame;
import io.pageflip.kernel.Pipe;
import io.pageflip.kernel.SpliceFlags;
import io.pageflip.kernel.Tally;
import io.pageflip.kernel.Vma;
import io.pageflip.kernel.Vmsplice;
import io.pageflip.kernel.VmspliceVariant;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;

/**
 * The old process gifts anonymous memory into a pipe, the new one asks for a move out of it. A page that is not aligned
 * is handed over without its first 512 bytes. Races: another thread of the reader writes to a page's new place, and
 * reclaim may swap that out.
 */
final class VmspliceMachine extends Machine {
    private static final long READER = 1L << 30;
    private static final int SKIPPED = PageFrame.GRAIN_BYTES;

    private final GuestMemory guest;
    private final AddressSpace reader = kernel().newAddressSpace();
    private final Vma readerMemory =
            reader.mmap(READER, READER + (long) Chunk.PAGES * PageFrame.SIZE, Set.of(Vma.Flag.WRITE));
    private final Pipe pipe = kernel().newPipe(Chunk.PAGES);
    private final Tally<GiftReason> gifts = new Tally<>(GiftReason.class);
    private final Tally<MoveReason> moves = new Tally<>(MoveReason.class);
    private final Vmsplice vmsplice;
    private final boolean[] inPipe = new boolean[Chunk.PAGES];

    private final int writerFlags;
    private final int readerFlags;

    VmspliceMachine(VmspliceVariant variant, VmspliceUse use) {
        super(List.of(Hazard.READER_FAULTS, Hazard.READER_FAULTS_AND_SWAPS));
        guest = new GuestMemory(kernel(), EnumSet.allOf(Condition.class), use.sharedMemory());
        writerFlags = use.gifts() ? SpliceFlags.GIFT | SpliceFlags.MOVE : 0;
        readerFlags = use.moves() ? SpliceFlags.MOVE : 0;
        vmsplice = new Vmsplice(kernel(), variant, gifts, moves);
    }

    @Override
    int most() {
        return Chunk.PAGES;
    }

    @Override
    void populate(Chunk chunk) {
        guest.populate(chunk);
    }

    /** The whole chunk goes into the pipe first: what is gifted in one call leaves the writer together. */
    @Override
    void begin(Chunk chunk) {
        int count;
        for (int page = 0; page < chunk.pages(); page += count) {
            count = chunk.alike(page, Chunk.PAGES);
            Iovec memory = memory(chunk, GuestMemory.address(chunk, page), page, count);
            long piped = vmsplice.toPipe(guest.owner(), pipe, List.of(memory), writerFlags);
            Arrays.fill(inPipe, page, page + count, piped == memory.length());
        }
    }

    @Override
    void move(Chunk chunk, int first, int count) {
        if (inPipe[first]) {
            Iovec memory = memory(chunk, READER + (long) first * PageFrame.SIZE, first, count);
            vmsplice.toUser(reader, pipe, List.of(memory), readerFlags);
        }
    }

    /** The memory that a call names for pages of the chunk, on either side. */
    private static Iovec memory(Chunk chunk, long address, int first, int count) {
        int skipped = chunk.condition(first) == Condition.UNALIGNED ? SKIPPED : 0;
        return new Iovec(address + skipped, (long) count * PageFrame.SIZE - skipped);
    }

    @Override
    void discard() {
        pipe.close();
        reader.dontNeed(readerMemory);
        guest.discard();
    }

    @Override
    void end() {
        guest.end();
        reader.exit();
        // Of the writer's half, only what did not get into the pipe: the reader's half decides about the rest.
        addTally(gifts, GiftReason.class, List.of(Outcome.FAILED));
        addTally(moves, MoveReason.class, List.of(Outcome.values()));
    }
}
