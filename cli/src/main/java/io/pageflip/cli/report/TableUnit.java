package io.pageflip.cli.report;

import java.util.Locale;

/** The unit of the times in a table. */
public enum TableUnit {
    /** The unit that suits each time. */
    AUTO("auto", 1, 0),
    US("us", 1e3, 1),
    MS("ms", 1e6, 3),
    S("s", 1e9, 6);

    private final String label;
    private final double ns;
    private final int decimals;

    /**
     * @param ns how many nanoseconds it has
     * @param decimals of a time in it
     */
    TableUnit(String label, double ns, int decimals) {
        this.label = label;
        this.ns = ns;
        this.decimals = decimals;
    }

    /** A time in this unit, and the unit. */
    String words(long timeNs) {
        return this == AUTO
                ? Words.duration(timeNs)
                : String.format(Locale.ROOT, "%." + decimals + "f %s", timeNs / ns, label);
    }

    /** The name in options and reports. */
    @Override
    public String toString() {
        return label;
    }
}
