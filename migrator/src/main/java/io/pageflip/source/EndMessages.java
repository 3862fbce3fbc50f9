package io.pageflip.source;

import io.pageflip.channel.StreamWriter;
import io.pageflip.wire.Message;
import io.pageflip.wire.MessageCodec;
import java.io.IOException;
import java.util.List;

/**
 * The END messages of one migration, by which the destination learns that it has every page, and what the source knows
 * of them. There is one for each time that pages were sent: pages that were written after an END need another one.
 */
final class EndMessages {
    private final StreamWriter stream;
    private final long startNs;
    private final boolean framesVisible;
    private final long relocatedPages;
    private int sent;

    /**
     * None is sent yet.
     *
     * @param startNs when the migration began
     * @param framesVisible whether the source has noted frame numbers
     * @param relocatedPages the kernel's count of pages it has moved, before that
     */
    EndMessages(StreamWriter stream, long startNs, boolean framesVisible, long relocatedPages) {
        this.stream = stream;
        this.startNs = startNs;
        this.framesVisible = framesVisible;
        this.relocatedPages = relocatedPages;
    }

    /** @param holes of each block: pages of which nothing is sent, because nothing is there */
    void send(List<Long> holes) throws IOException {
        Message.SourceFigures figures =
                new Message.SourceFigures(startNs, stream.transferredBytes(), framesVisible, relocatedPages);
        stream.write(MessageCodec.encode(new Message.End(holes, figures)));
        sent++;
    }

    /** How many were sent. */
    int sent() {
        return sent;
    }
}
