package io.pageflip.source;

import io.pageflip.channel.StreamWriter;
import io.pageflip.os.TimeNamespace;
import io.pageflip.wire.Message;
import io.pageflip.wire.MessageCodec;
import java.io.IOException;
import java.util.List;

/**
 * The END messages of one migration. An END tells the destination that every page has been sent, and carries the
 * figures that only the source knows. If the source sends pages again after an END, because the guest has written them
 * since, it sends another END after them. Used by the thread that sends pages.
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
     * Sets what the next END says about frame numbers.
     *
     * @param visible whether this process may see them
     * @param relocated the kernel's count of pages that it has relocated, read before the frame numbers were recorded
     */
    void framesNoted(boolean visible, long relocated) {
        framesVisible = visible;
        relocatedPages = relocated;
    }

    /**
     * The same, after the frame numbers were recorded again; the count of relocated pages stays that of the first time.
     */
    void framesNotedAgain(boolean visible) {
        framesVisible = visible;
    }

    /** @param holes for each block, how many pages were not sent because they hold nothing */
    void send(List<Long> holes) throws IOException {
        Message.SourceFigures figures = new Message.SourceFigures(
                startNs, TimeNamespace.OWN.clock(), stream.transferredBytes(), framesVisible, relocatedPages);
        stream.write(MessageCodec.encode(new Message.End(holes, figures)));
        sent++;
    }

    /** How many END messages were sent. */
    int sent() {
        return sent;
    }
}
