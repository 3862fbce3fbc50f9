package io.pageflip.cli;

import io.pageflip.memory.Quantity;
import io.pageflip.request.RamPlace;
import io.pageflip.scenario.ScriptedFault;
import java.math.BigDecimal;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import picocli.CommandLine;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.TypeConversionException;

/** Converters of values that people type. For a wrong value they say what would be right. */
final class Values {
    private Values() {}

    /** {@code 512M}. */
    static final class Size implements ITypeConverter<Long> {
        @Override
        public Long convert(String value) {
            try {
                return Quantity.parseBytes(value);
            } catch (NumberFormatException e) {
                throw new TypeConversionException(
                        "'" + value + "' is not a size; write digits and, if you like, K, M, G or T, as in 512M or 4G");
            }
        }
    }

    /** {@code 20K}. */
    static final class Rate implements ITypeConverter<Long> {
        @Override
        public Long convert(String value) {
            try {
                return Quantity.parseRate(value);
            } catch (NumberFormatException e) {
                throw new TypeConversionException(
                        "'" + value + "' is not a rate; write digits and, if you like, K, M or G, as in 2000 or 20K");
            }
        }
    }

    /** {@code 5%}. */
    static final class WholePercent implements ITypeConverter<Integer> {
        private static final Pattern PERCENT = Pattern.compile("(\\d{1,3})%");

        @Override
        public Integer convert(String value) {
            Matcher matcher = PERCENT.matcher(value);
            int percent = matcher.matches() ? Integer.parseInt(matcher.group(1)) : 0;
            if (percent < 1 || percent > 100) {
                throw new TypeConversionException(
                        "'" + value + "' is no part of RAM; write whole percent, from 1% to 100%, as in 5%");
            }
            return percent;
        }
    }

    /** {@code 0.1%}, in millionths of the whole. */
    static final class Percent implements ITypeConverter<Integer> {
        private static final int MILLIONTHS = 4; // a percent is 10^4 of them

        @Override
        public Integer convert(String value) {
            String number = value.endsWith("%") ? value.substring(0, value.length() - 1) : value;
            if (number.matches("[0-9]{1,3}([.][0-9]{1,4})?")) {
                return new BigDecimal(number).movePointRight(MILLIONTHS).intValueExact();
            }
            throw new TypeConversionException("'" + value
                    + "' is no percentage; write digits, at most four of them after the point, as in 5% or 0.1%");
        }

        /** Formats a percentage as it is typed. */
        static String format(int millionths) {
            return BigDecimal.valueOf(millionths, MILLIONTHS)
                            .stripTrailingZeros()
                            .toPlainString() + "%";
        }
    }

    /** {@code memfd}, or {@code file:/var/tmp}. */
    static final class Place implements ITypeConverter<RamPlace> {
        @Override
        public RamPlace convert(String value) {
            try {
                return RamPlace.parse(value);
            } catch (IllegalArgumentException e) {
                throw new TypeConversionException("'" + value + "' is not one of " + String.join(", ", new Places()));
            }
        }
    }

    /** The words that may be typed for a {@link RamPlace}. */
    static final class Places implements Iterable<String> {
        @Override
        public Iterator<String> iterator() {
            return RamPlace.words().iterator();
        }
    }

    /** {@code kill@half-pages}. */
    static final class Fault implements ITypeConverter<ScriptedFault> {
        @Override
        public ScriptedFault convert(String value) {
            try {
                return ScriptedFault.parse(value);
            } catch (IllegalArgumentException e) {
                throw new TypeConversionException("'" + value + "' is no fault; write " + e.getMessage());
            }
        }
    }

    /** {@code unix:/run/m.sock}: the path. */
    static final class Address implements ITypeConverter<String> {
        private static final String UNIX = "unix:";

        @Override
        public String convert(String value) {
            if (!value.startsWith(UNIX) || value.length() == UNIX.length()) {
                throw new TypeConversionException(
                        "'" + value + "' is no address; write unix: and a path, as in unix:/run/m.sock");
            }
            return value.substring(UNIX.length());
        }

        /** The path, where {@code unix:} may be left out. */
        static String path(String value) {
            return value.startsWith(UNIX) ? value.substring(UNIX.length()) : value;
        }
    }

    /**
     * Makes every option of {@code root} and its subcommands that takes one or several constants of an enum take
     * exactly their {@code toString()}. (picocli would take, and list, their Java names, too.)
     */
    static void registerChoices(CommandLine root) {
        Stream.concat(Stream.of(root), root.getSubcommands().values().stream())
                .flatMap(command -> command.getCommandSpec().options().stream())
                .map(option -> option.isMultiValue() ? option.auxiliaryTypes()[0] : option.type())
                .filter(Class::isEnum)
                .distinct()
                .forEach(type -> registerChoice(root, type));
    }

    private static <T> void registerChoice(CommandLine root, Class<T> type) {
        List<T> choices = List.of(type.getEnumConstants());
        String words = choices.stream().map(Object::toString).collect(Collectors.joining(", "));
        root.registerConverter(
                type,
                value -> choices.stream()
                        .filter(choice -> choice.toString().equals(value))
                        .findFirst()
                        .orElseThrow(() -> new TypeConversionException("'" + value + "' is not one of " + words)));
    }

    /**
     * Makes every option of {@code root} that takes a number explain to people what a number is. (picocli speaks of an
     * int.)
     */
    static void registerNumbers(CommandLine root) {
        root.registerConverter(int.class, value -> number(value, Integer::valueOf, "a whole number, as 4 is one"));
        root.registerConverter(Integer.class, value -> number(value, Integer::valueOf, "a whole number, as 4 is one"));
        root.registerConverter(long.class, value -> number(value, Long::valueOf, "a whole number, as 4 is one"));
        root.registerConverter(Path.class, Values::path);
        root.registerConverter(double.class, value -> number(value, Double::valueOf, "a number, as 0.5 is one"));
    }

    private static Path path(String value) {
        try {
            return Path.of(value);
        } catch (InvalidPathException e) {
            throw new TypeConversionException("'" + value + "' is no path that this JVM can use in the locale "
                    + Locale.getDefault() + " (" + System.getProperty("sun.jnu.encoding") + "); set LC_ALL=C.UTF-8");
        }
    }

    private static <T> T number(String value, Function<String, T> parser, String kind) {
        try {
            return parser.apply(value);
        } catch (NumberFormatException e) {
            throw new TypeConversionException("'" + value + "' is not " + kind);
        }
    }

    /** Checks that a number lies between two others, and returns it. */
    static long between(picocli.CommandLine.Model.CommandSpec spec, String option, long value, long least, long most) {
        if (value < least || value > most) {
            throw new ParameterException(
                    spec.commandLine(), option + " " + value + ": it must be from " + least + " to " + most);
        }
        return value;
    }
}
