package io.pageflip.log;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** Formats a line: time, side, event. Lines that are sorted as text are in the order of time. */
final class LogLine {
    /**
     * Maximum number of bytes that one write(2) puts into a pipe in one piece, even if others write there (PIPE_BUF).
     */
    static final int MAX_BYTES = 4096;

    private static final long NS_PER_S = 1_000_000_000;
    private static final int SECOND_DIGITS = 8;
    private static final int FRACTION_DIGITS = 9;
    private static final int SIDE_WIDTH = 11;
    private static final byte[] SHORTENED = " ...\n".getBytes(StandardCharsets.US_ASCII);

    private LogLine() {}

    /** The line of an event, with a line feed at its end and none before. */
    static byte[] of(EventQueue.Event event) {
        StringBuilder line = new StringBuilder(120);
        padded(line, Long.toString(event.atNs() / NS_PER_S), SECOND_DIGITS, ' ');
        padded(line.append('.'), Long.toString(event.atNs() % NS_PER_S), FRACTION_DIGITS, '0');
        line.append(' ').append(event.side());
        for (int i = event.side().length(); i < SIDE_WIDTH; i++) {
            line.append(' ');
        }
        if (!event.what().isEmpty()) {
            appendInOneLine(line.append(' '), event.what());
        }
        if (event.detail() != null) {
            appendInOneLine(line.append(' '), text(event.detail()));
        }
        return bounded(line.append('\n').toString().getBytes(StandardCharsets.UTF_8));
    }

    private static String text(Object detail) {
        try {
            return detail.toString();
        } catch (RuntimeException e) {
            return "(cannot be shown: " + e + ")"; // a detail that fails must not end the migration
        }
    }

    private static void padded(StringBuilder line, String number, int width, char pad) {
        for (int i = number.length(); i < width; i++) {
            line.append(pad);
        }
        line.append(number);
    }

    private static void appendInOneLine(StringBuilder line, @Nullable String text) {
        String all = String.valueOf(text);
        for (int i = 0; i < all.length(); i++) {
            char c = all.charAt(i);
            line.append(Character.isISOControl(c) ? ' ' : c);
        }
    }

    private static byte[] bounded(byte[] line) {
        if (line.length <= MAX_BYTES) {
            return line;
        }
        int end = MAX_BYTES - SHORTENED.length;
        while ((line[end] & 0xC0) == 0x80) {
            end--; // not in the middle of a character
        }
        byte[] shorter = Arrays.copyOf(line, end + SHORTENED.length);
        System.arraycopy(SHORTENED, 0, shorter, end, SHORTENED.length);
        return shorter;
    }
}
