package io.pageflip.cli;

import picocli.CommandLine;
import picocli.CommandLine.ParameterException;

/**
 * Each option makes sense, and they do not together: {@code migrate} refuses, {@code compare} goes on with the others.
 */
final class CombinationException extends ParameterException {
    private static final long serialVersionUID = 1L;

    CombinationException(CommandLine commandLine, String sentence) {
        super(commandLine, sentence);
    }
}
