package io.pageflip.os;

/** Finds out whether the output goes to a terminal. */
public final class Terminal {
    private static final int STDERR = 2;
    private static final int TCGETS = 0x5401;

    private Terminal() {}

    /** Whether standard error is a terminal (as in isatty(3)). */
    public static boolean isStandardError() {
        NativeBuffer termios = NativeBuffer.scratch();
        return Syscalls.LINUX.ioctl(STDERR, TCGETS, termios.address()) == 0;
    }
}
