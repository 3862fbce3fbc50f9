package io.pageflip.destination;

import io.pageflip.switchover.SwitchoverPage;
import io.pageflip.wire.FrameHeader;
import io.pageflip.wire.FrameType;
import io.pageflip.wire.ProtocolException;
import java.io.IOException;

/**
 * Receives the pages that the source sends while the guest runs there: all of them before PREPARE, and after that, once
 * more, those that the guest has written since, with another END after them. Acknowledges each END in the
 * {@link SwitchoverPage}. Used by the agent's thread.
 */
final class EarlyPages implements IncomingGuest.MorePages {
    private final ReceivedPages pages;
    private final SwitchoverPage page;

    EarlyPages(ReceivedPages pages, SwitchoverPage page) {
        this.pages = pages;
        this.page = page;
    }

    /** Receives every page, up to PREPARE. */
    void receiveUntilPrepare() throws IOException {
        pages.receiveUntilPrepare(this::receive);
        if (pages.ends() == 0) {
            throw new ProtocolException("a handover whose pages have not ended before PREPARE");
        }
    }

    private void receive(FrameHeader header) throws IOException {
        if (header.type() == FrameType.END) {
            page.setRoundsReceived(pages.end());
        } else {
            pages.receive(header);
        }
    }

    /** Receives the pages that the guest has written since. */
    @Override
    public int receiveUntilEnd() throws IOException {
        int ends = pages.receiveUntilEnd();
        page.setRoundsReceived(ends);
        return ends;
    }
}
