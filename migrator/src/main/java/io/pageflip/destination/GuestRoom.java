package io.pageflip.destination;

import io.pageflip.agent.Room;
import io.pageflip.os.HostLacksException;
import io.pageflip.ram.BlockSpec;
import io.pageflip.request.Schedule;
import io.pageflip.wire.Message;
import java.io.IOException;

/**
 * Checks whether this agent has room for a guest, before it makes any memory: so a peer that announces a huge guest
 * does no harm.
 */
final class GuestRoom {
    /** The accounts of pages may take half of the heap. */
    private static final int HEAP_PARTS = 2;

    /** A ledger takes four bits for each page, and postcopy pages take up to three more. */
    private static final int BITS_A_PAGE = 7;

    /** If pages come in rounds, the ledger also takes a byte for each page, to record its last fate. */
    private static final int BITS_A_PAGE_IN_ROUNDS = BITS_A_PAGE + Byte.SIZE;

    private GuestRoom() {}

    /**
     * Checks the heap of this process, and the memory of this host.
     *
     * @param flips whether this agent maps the source's own pages, which need no second copy
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
