package io.pageflip.agent;

import io.pageflip.guest.GuestConfig;
import io.pageflip.ram.BlockSpec;
import io.pageflip.request.Schedule;

/** The part of an agent's heap that grows with the guest: what it notes about each page. Any thread may call it. */
public final class PageAccounts {
    /** A ledger takes four bits for each page, and postcopy pages take up to three more. */
    private static final int BITS_A_PAGE = 7;

    /** If pages come in rounds, the ledger also takes a byte for each page, to record its last fate. */
    private static final int BITS_A_PAGE_IN_ROUNDS = BITS_A_PAGE + Byte.SIZE;

    /** The accounts may take half of the heap. */
    private static final int HEAP_PARTS = 2;

    private PageAccounts() {}

    /**
     * The heap that an agent needs, in bytes, for the accounts of a guest and about as much for all else. A JVM counts
     * a part of what {@code -Xmx} says as lost, so it is a tenth more.
     */
    public static long heapBytes(GuestConfig guest, Schedule schedule) {
        return pages(guest) * bitsAPage(schedule) * HEAP_PARTS / Byte.SIZE * 11 / 10;
    }

    /** The number of pages in a guest, all blocks together. */
    public static long pages(GuestConfig guest) {
        return guest.blocks().stream().mapToLong(BlockSpec::pages).sum();
    }

    /** The number of pages that a heap of so many bytes has room for. */
    public static long mostPages(long heapBytes, Schedule schedule) {
        return heapBytes * Byte.SIZE / (bitsAPage(schedule) * HEAP_PARTS);
    }

    private static long bitsAPage(Schedule schedule) {
        return schedule == Schedule.PRECOPY ? BITS_A_PAGE_IN_ROUNDS : BITS_A_PAGE;
    }
}
