package io.pageflip.warmup;

import io.pageflip.channel.ControlConnection;
import io.pageflip.os.Fd;
import io.pageflip.os.UnixSocket;
import io.pageflip.wire.Message;
import java.io.IOException;
import java.util.List;

/**
 * Sends messages to and fro over a control connection of this process alone. What comes just before the switchover is a
 * message, and whoever sends or receives it must not keep a processor from a vCPU for long.
 */
final class ControlWarmup {
    private static final int TIMEOUT_MS = 2000;

    private ControlWarmup() {}

    static void run(int rounds) throws IOException {
        List<Fd> sockets = UnixSocket.pair();
        try (ControlConnection one = ControlConnection.over(sockets.get(0));
                ControlConnection other = ControlConnection.over(sockets.get(1))) {
            for (int i = 0; i < rounds; i++) {
                one.send(new Message.Ready(1));
                other.poll(TIMEOUT_MS);
                other.send(new Message.Resumed(1));
                one.poll(TIMEOUT_MS);
            }
        }
    }
}
