package io.pageflip.kernel;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * vmsplice(2) of one kernel: a process's pages into a pipe, and out of it into another process (004, 000; fs/splice.c).
 * Every page, or part of one, that a call reaches is one decision of the tally. Nothing is allocated per page.
 */
public final class Vmsplice {
    /** Most pieces of memory in one call: {@code UIO_MAXIOV}. */
    public static final int MOST_SEGMENTS = 1024;

    private final VmspliceVariant variant;
    private final VmspliceToPipe toPipe;
    private final VmspliceToUser toUser;

    /** Decisions are added to the tallies, which calls on other kernels may share. */
    public Vmsplice(Kernel kernel, VmspliceVariant variant, Tally<GiftReason> gifts, Tally<MoveReason> moves) {
        this.variant = variant;
        toPipe = new VmspliceToPipe(variant, gifts);
        toUser = new VmspliceToUser(kernel, variant, moves);
    }

    /**
     * The writer's half: pages from {@code memory} into the pipe, as many as it has room for.
     *
     * @param pipe what the descriptor is open on; null if that is no pipe
     * @param flags {@link SpliceFlags}
     * @return bytes that are in the pipe, or minus an error number: EBADF; EINVAL (too many pieces; flags that do not
     *     exist; as posted, a gift that is not whole pages); EPIPE; EAGAIN (also where the kernel would wait); EFAULT
     */
    public long toPipe(AddressSpace writer, @Nullable Pipe pipe, List<Iovec> memory, int flags) {
        int refused = check(pipe, memory, flags);
        return pipe == null || refused != 0 || memory.isEmpty() ? refused : toPipe.splice(writer, pipe, memory, flags);
    }

    /**
     * The reader's half: pages from the pipe to {@code memory}, until either is used up.
     *
     * @param pipe what the descriptor is open on; null if that is no pipe
     * @param flags {@link SpliceFlags}
     * @return bytes that the call says have arrived, 0 at the end of the pipe, or minus an error number: EBADF; EINVAL
     *     (as above); EAGAIN (also where the kernel would wait); EFAULT
     */
    public long toUser(AddressSpace reader, @Nullable Pipe pipe, List<Iovec> memory, int flags) {
        int refused = check(pipe, memory, flags);
        return pipe == null || refused != 0 || memory.isEmpty() ? refused : toUser.splice(reader, pipe, memory, flags);
    }

    /** The kernel of 2013 did not test for unknown flags, and tested the number of pieces first. */
    private int check(@Nullable Pipe pipe, List<Iovec> memory, int flags) {
        boolean tooMany = memory.size() > MOST_SEGMENTS;
        if (variant == VmspliceVariant.AS_POSTED) {
            return tooMany ? Errno.EINVAL.result() : pipe == null && !memory.isEmpty() ? Errno.EBADF.result() : 0;
        }
        if ((flags & ~SpliceFlags.ALL) != 0) {
            return Errno.EINVAL.result();
        }
        return pipe == null ? Errno.EBADF.result() : tooMany ? Errno.EINVAL.result() : 0;
    }
}
