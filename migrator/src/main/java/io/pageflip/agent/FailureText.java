package io.pageflip.agent;

import io.pageflip.os.ChildProcess;
import io.pageflip.os.HostLacksException;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.Arrays;

/**
 * Describes a failure in one sentence. A foreseen one, an {@link IOException}, brings its own. Of any other, the JVM
 * got no thread, memory or library, or pageflip has a bug. Any thread may call it.
 */
public final class FailureText {
    private static final System.Logger LOG = System.getLogger("pageflip.agent");

    private FailureText() {}

    /**
     * The sentence, without a full stop. The log gets the whole stack trace of a failure that was not foreseen, which
     * {@code --verbose} shows.
     */
    public static String of(Throwable failure) {
        return failure instanceof IOException && failure.getMessage() != null
                ? failure.getMessage()
                : unforeseen(failure);
    }

    private static String unforeseen(Throwable failure) {
        log(failure);
        String said = String.valueOf(failure.getMessage());
        if (failure instanceof OutOfMemoryError) {
            return said.contains("thread")
                    ? "this host allows no further thread; " + ChildProcess.RAISE_LIMIT
                    : "the JVM has no memory left (" + said + "); give it more with PAGEFLIP_JAVA_OPTS=-Xmx"
                            + (Runtime.getRuntime().maxMemory() >> 20) * 2 + "m";
        }
        UnsatisfiedLinkError library = HostLacksException.unloadable(failure);
        if (library != null) {
            return "a library cannot be loaded here: " + firstLine(String.valueOf(library.getMessage()));
        }
        return "a failure that is a bug of pageflip, to be reported with the output of --verbose: "
                + failure.getClass().getName() + ": " + firstLine(said) + place(failure);
    }

    private static void log(Throwable failure) {
        if (LOG.isLoggable(System.Logger.Level.DEBUG)) {
            StringWriter trace = new StringWriter();
            failure.printStackTrace(new PrintWriter(trace));
            LOG.log(System.Logger.Level.DEBUG, trace.toString().strip());
        }
    }

    private static String firstLine(String text) {
        return text.lines().findFirst().orElse("");
    }

    /** The innermost frame in our own code. */
    private static String place(Throwable failure) {
        return Arrays.stream(failure.getStackTrace())
                .filter(frame -> frame.getClassName().startsWith("io.pageflip."))
                .findFirst()
                .map(frame -> " (in " + frame.getClassName() + "." + frame.getMethodName() + ", line "
                        + frame.getLineNumber() + ")")
                .orElse("");
    }
}
