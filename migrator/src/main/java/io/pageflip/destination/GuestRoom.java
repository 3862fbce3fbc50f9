package io.pageflip.destination;

import io.pageflip.agent.PageAccounts;
import io.pageflip.agent.Room;
import io.pageflip.os.HostLacksException;
import io.pageflip.wire.Message;
import java.io.IOException;

/**
 * Checks whether this agent has room for a guest, before it makes any memory: so a peer that announces a huge guest
 * does no harm.
 */
final class GuestRoom {
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
        long pages = PageAccounts.pages(hello.guest());
        long most = PageAccounts.mostPages(heapBytes, hello.schedule());
        if (pages > most) {
            long enoughMiB = (PageAccounts.heapBytes(hello.guest(), hello.schedule()) >> 20) + 1;
            throw new HostLacksException("a guest of " + pages + " pages: this agent's heap has room to account for "
                    + most + "; give it more with PAGEFLIP_JAVA_OPTS=-Xmx" + enoughMiB + "m");
        }
    }
}
