package io.pageflip.cli;

import io.pageflip.os.ProcessOutput;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.nio.charset.Charset;
import org.jspecify.annotations.Nullable;

/**
 * Standard output, which remembers whether something could not be written: {@link PrintStream} and {@link PrintWriter}
 * say nothing about it, and a report that is lost must not look like success. Any thread.
 */
final class StandardOutput extends OutputStream {
    /** Java 17 does not tell the terminal's, which is its default there. */
    private static final Charset CHARSET = Charset.forName(
            System.getProperty("stdout.encoding", Charset.defaultCharset().name()));

    private final OutputStream to;
    private volatile @Nullable IOException failure;

    StandardOutput(OutputStream to) {
        super();
        this.to = to;
    }

    /** Puts itself in the place of {@link System#out}. */
    static StandardOutput install() throws IOException {
        StandardOutput output = new StandardOutput(ProcessOutput.open());
        System.setOut(new PrintStream(output, true, CHARSET));
        return output;
    }

    /** For text, in the terminal's character set. */
    PrintWriter writer() {
        return new PrintWriter(this, true, CHARSET);
    }

    /** Why something could not be written; null if everything was. */
    @Nullable
    IOException failure() {
        return failure;
    }

    @Override
    public void write(int b) throws IOException {
        write(new byte[] {(byte) b}, 0, 1);
    }

    @Override
    public void write(byte[] bytes, int offset, int length) throws IOException {
        try {
            to.write(bytes, offset, length);
        } catch (IOException e) {
            failure = failure == null ? e : failure;
            throw e;
        }
    }

    @Override
    public void flush() throws IOException {
        to.flush();
    }
}
