package io.pageflip.destination;

import io.pageflip.agent.Room;
import io.pageflip.os.HostLacksException;
import io.pageflip.ram.BlockSpec;
import io.pageflip.request.Schedule;
import io.pageflip.wire.Message;
import java.io.IOException;

/** Whether this agent has room for a guest. To be checked before any memory is made: what a peer says costs nothing. */
final class GuestRoom {
    /** Accounts of pages may take the half of the heap. */
    private static final int HEAP_PARTS = 2;

    /** A ledger has four bits a page, and postcopy pages have up to three more. */
    private static final int BITS_A_PAGE = 7;

    /** Of pages that come in rounds, the ledger remembers what each was last. */
    private static final int BITS_A_PAGE_IN_ROUNDS = BITS_A_PAGE + Byte.SIZE;

    private GuestRoom() {}

    /**
     * Checks both heap and memory of this host.
     *
     * @param flips whether the source's own pages are mapped, and need no second copy
     * @throws HostLacksException if there is too little of one, saying what would help
     */
    static void check(Message.Hello hello, boolean flips) throws IOException {
        checkHeap(hello, Runtime.getRuntime().maxMemory());
        Room.arriving(hello.guest(), hello.scenario(), flips).check();
    }

    static void checkHeap(Message.Hello hello, long heapBytes) throws HostLacksException {
        long bits = hello.schedule() == Schedule.PRECOPY ? BITS_A_PAGE_IN_ROUNDS : BITS_A_PAGE;
        long pages = hello.guest().blocks().stream().mapToLong(BlockSpec::pages).sum();
        long most = heapBytes * Byte.SIZE / (bits * HEAP_PARTS);
        if (pages > most) {
            throw new HostLacksException("a guest of " + pages + " pages: this agent's heap has room to account for "
                    + most + "; give it more with PAGEFLIP_JAVA_OPTS=-Xmx1g");
        }
    }
}
