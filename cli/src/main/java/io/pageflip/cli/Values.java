package io.pageflip.cli;

import io.pageflip.fault.ScriptedFault;
import io.pageflip.memory.Quantity;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.TypeConversionException;

/** Values as people type them. A wrong one gets a sentence that says what would be right. */
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
    }

    /** A number that must lie between two others. */
    static long between(picocli.CommandLine.Model.CommandSpec spec, String option, long value, long least, long most) {
        if (value < least || value > most) {
            throw new ParameterException(
                    spec.commandLine(), option + " " + value + ": it must be from " + least + " to " + most);
        }
        return value;
    }
}
