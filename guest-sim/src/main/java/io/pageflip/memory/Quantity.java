package io.pageflip.memory;

import java.util.Locale;

/**
 * Sizes and rates as people write them: digits and an optional K, M, G or T, which are powers of 1024 for sizes and of
 * 1000 for rates.
 */
public final class Quantity {
    private static final String UNITS = "KMGT";

    private Quantity() {}

    /**
     * Parses a size, such as {@code 512M}, {@code 1G}, {@code 4096} or {@code 1GiB}, into bytes.
     *
     * @throws NumberFormatException if it is not a size
     */
    public static long parseBytes(String text) {
        String number = text.matches(".+[KMGTkmgt]iB") ? text.substring(0, text.length() - 2) : text;
        return parse(number, 1024);
    }

    /**
     * Parses a rate, such as {@code 2000} or {@code 20K}, into pages per second.
     *
     * @throws NumberFormatException if it is not a number
     */
    public static long parseRate(String text) {
        return parse(text, 1000);
    }

    private static long parse(String text, long base) {
        if (!text.matches("\\d{1,18}[KMGTkmgt]?")) {
            throw new NumberFormatException(text);
        }
        char last = Character.toUpperCase(text.charAt(text.length() - 1));
        int power = UNITS.indexOf(last) + 1;
        long value = Long.parseLong(power == 0 ? text : text.substring(0, text.length() - 1));
        try {
            for (int i = 0; i < power; i++) {
                value = Math.multiplyExact(value, base);
            }
        } catch (ArithmeticException e) {
            throw new NumberFormatException(text);
        }
        return value;
    }

    /** {@code "1G"}, {@code "512M"}, {@code "4097"}: the shortest exact form that {@link #parseBytes} reads back. */
    public static String formatExact(long bytes) {
        int power = 0;
        long value = bytes;
        while (value != 0 && value % 1024 == 0 && power < UNITS.length()) {
            value /= 1024;
            power++;
        }
        return power == 0 ? Long.toString(value) : value + UNITS.substring(power - 1, power);
    }

    /** For people: {@code "1.00 GiB"}, {@code "16.0 MiB"}, {@code "512 B"}. */
    public static String format(long bytes) {
        int power = 0;
        double value = bytes;
        while (value >= 1024 && power < UNITS.length()) {
            value /= 1024;
            power++;
        }
        if (power == 0) {
            return bytes + " B";
        }
        int decimals = value < 10 ? 2 : value < 100 ? 1 : 0;
        return String.format(Locale.ROOT, "%." + decimals + "f %siB", value, UNITS.charAt(power - 1));
    }
}
