package io.pageflip.cli.report;

import io.pageflip.memory.Quantity;
import java.util.Map;

/** The options of a row as people read them. */
final class Options {
    static final String RAM = "ram";
    static final String VCPUS = "vcpus";
    static final String DIRTY_RATE = "dirty-rate";

    /** What stands for a value that is not there. */
    static final String NONE = "-";

    private Options() {}

    static String ram(Map<String, Object> options) {
        return options.get(RAM) instanceof Number bytes ? Quantity.formatExact(bytes.longValue()) : NONE;
    }

    static String word(Map<String, Object> options, String name) {
        Object value = options.get(name);
        return value == null ? NONE : value.toString();
    }

    /** A short description of a combination. */
    static String name(Map<String, Object> options) {
        return ram(options) + " " + nameWithoutRam(options);
    }

    static String nameWithoutRam(Map<String, Object> options) {
        return Way.of(options).words() + ", " + word(options, VCPUS) + " vCPU, " + word(options, DIRTY_RATE)
                + " pages/s";
    }
}
