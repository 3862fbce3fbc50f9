package io.pageflip.metrics;

/** Text that another process sent, made safe to print. Pure. */
public final class PeerText {
    private static final char REPLACEMENT = '\uFFFD';

    private PeerText() {}

    /**
     * Replaces what a terminal would act on instead of showing it: control characters, escape sequences among them, and
     * characters that change the direction of a line.
     */
    public static String printable(String text) {
        StringBuilder safe = new StringBuilder(text.length());
        text.codePoints().map(PeerText::printable).forEach(safe::appendCodePoint);
        return safe.toString();
    }

    private static int printable(int character) {
        return switch (Character.getType(character)) {
            case Character.CONTROL,
                    Character.FORMAT,
                    Character.LINE_SEPARATOR,
                    Character.PARAGRAPH_SEPARATOR,
                    Character.SURROGATE,
                    Character.UNASSIGNED -> REPLACEMENT;
            default -> character;
        };
    }
}
