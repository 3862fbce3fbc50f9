package io.pageflip.cli;

import picocli.CommandLine;
import picocli.CommandLine.ParameterException;

/**
 * Each option makes sense, but they do not make sense together. {@code migrate} refuses them; {@code compare} skips the
 * combination and goes on with the others.
 */
final class CombinationException extends ParameterException {
    private static final long serialVersionUID = 1L;

    CombinationException(CommandLine commandLine, String sentence) {
        super(commandLine, sentence);
    }
}
