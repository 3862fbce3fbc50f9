package io.pageflip.channel;

import io.pageflip.os.Fd;
import io.pageflip.os.Pipe;
import io.pageflip.os.SyscallException;
import io.pageflip.os.UnixSocket;
import io.pageflip.request.ChannelKind;
import java.util.List;

/**
 * The two descriptors of a migration stream within this process.
 *
 * @param write the source's end
 * @param read the destination's end
 */
public record StreamEnds(Fd write, Fd read) implements AutoCloseable {
    /** A connected pair of that kind. */
    public static StreamEnds open(ChannelKind kind) throws SyscallException {
        if (kind == ChannelKind.PIPE) {
            Pipe pipe = Pipe.create();
            return new StreamEnds(pipe.writeEnd(), pipe.readEnd());
        }
        List<Fd> pair = UnixSocket.pair();
        return new StreamEnds(pair.get(0), pair.get(1));
    }

    @Override
    public void close() {
        write.close();
        read.close();
    }
}
