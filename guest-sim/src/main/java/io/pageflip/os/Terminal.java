package io.pageflip.os;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Pattern;

/** Finds out whether output goes to a terminal. Any thread may call it. */
public final class Terminal {
    private static final Pattern DEVICE = Pattern.compile("/dev/(pts/|tty|console|hvc|sclp).*");

    private Terminal() {}

    public static boolean isStandardError() {
        return is(2);
    }

    public static boolean isStandardOutput() {
        return is(ProcessOutput.number());
    }

    private static boolean is(int descriptor) {
        try {
            Path open = Files.readSymbolicLink(Path.of("/proc/self/fd/" + descriptor));
            return DEVICE.matcher(open.toString()).matches();
        } catch (IOException e) {
            return false;
        }
    }
}
