package io.pageflip.qmp;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.MappingIterator;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import org.jspecify.annotations.Nullable;

/**
 * JSON values over a stream socket, in both directions. Values that arrive may follow each other with or without blanks
 * and line feeds; values that leave end with a carriage return and a line feed, as QEMU's do. One thread reads; any
 * thread writes. It owns the channel.
 */
public final class QmpConnection implements AutoCloseable {
    private static final ObjectMapper MAPPER = new ObjectMapper();

    private final SocketChannel channel;
    private @Nullable MappingIterator<JsonNode> values;

    public QmpConnection(SocketChannel channel) {
        this.channel = channel;
    }

    /**
     * Waits for the next value; null if the peer has closed the connection.
     *
     * @throws IOException if what arrives is no JSON, or the connection breaks
     */
    public @Nullable JsonNode read() throws IOException {
        try {
            if (values == null) {
                // Not before somebody reads: to make a parser is to wait for the first bytes.
                InputStream in = Channels.newInputStream(channel);
                values = MAPPER.readerFor(JsonNode.class).readValues(MAPPER.createParser(in));
            }
            return values.hasNextValue() ? values.nextValue() : null;
        } catch (JsonProcessingException e) {
            throw new IOException("no JSON: " + e.getOriginalMessage(), e);
        }
    }

    /** Writes one value on a line of its own. */
    public synchronized void write(JsonNode value) throws IOException {
        // Not by a stream of java.nio.channels.Channels: it would wait for the one that reads.
        ByteBuffer line = ByteBuffer.wrap(JsonText.line(value));
        while (line.hasRemaining()) {
            channel.write(line);
        }
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
