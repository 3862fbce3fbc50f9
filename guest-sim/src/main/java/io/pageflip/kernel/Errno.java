package io.pageflip.kernel;

/** The error numbers of the modelled calls (errno(3)). A call returns its result, or minus such a number. */
public enum Errno {
    ENOENT(2),
    EINTR(4),
    EIO(5),
    EBADF(9),
    EAGAIN(11),
    ENOMEM(12),
    EFAULT(14),
    EBUSY(16),
    EEXIST(17),
    EINVAL(22),
    ENOSPC(28),
    EPIPE(32),
    ENODATA(61);

    private final int number;

    Errno(int number) {
        this.number = number;
    }

    /** The negative number that a call returns. */
    public int result() {
        return -number;
    }

    /**
     * The error that a call returned.
     *
     * @throws IllegalArgumentException if {@code result} is no error, or none of these
     */
    public static Errno of(long result) {
        for (Errno errno : values()) {
            if (errno.result() == result) {
                return errno;
            }
        }
        throw new IllegalArgumentException("no error of the model: " + result);
    }
}
