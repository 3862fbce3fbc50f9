package io.pageflip.source;

import io.pageflip.channel.StreamWriter;
import io.pageflip.wire.Message;
import io.pageflip.wire.MessageCodec;
import java.io.IOException;
import java.util.List;

/**
 * The END messages of one migration, by which the destination learns that it has every page, and what the source knows
 * of them. Each time that pages are sent ends with one: pages that were written after an END need another. Used by the
 * thread that sends pages.
 */
final class EndMessages {
    private final StreamWriter stream;
    private long startNs;
    private boolean framesVisible;
    private long relocatedPages;
    private int sent;

    EndMessages(StreamWriter stream) {
        this.stream = stream;
    }

    /** @param nowNs when the migration begins, in CLOCK_MONOTONIC nanoseconds */
    void begin(long nowNs) {
        startNs = nowNs;
    }

    /**
     * What the next END says of frame numbers.
     *
     * @param visible whether this process may know them
     * @param relocated the kernel's count of pages that it has moved elsewhere, before they were noted
     */
    void framesNoted(boolean visible, long relocated) {
        framesVisible = visible;
        relocatedPages = relocated;
    }

    /** They were noted again; the count of relocated pages is that of the first time. */
    void framesNotedAgain(boolean visible) {
        framesVisible = visible;
    }

    /** @param holes of each block: the pages that were not sent, because nothing is there */
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
