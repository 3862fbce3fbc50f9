package io.pageflip.kernel;

/** The FUSE server's end: {@code /dev/fuse}, to which it splices its replies (001; fs/fuse/dev.c). */
public final class FuseDevice {
    /**
     * The bytes of a reply's header. Really 16 ({@code struct fuse_out_header}); here a grain, the smallest unit of the
     * model. The pages that follow the header can move only if it is a pipe buffer of its own.
     */
    public static final int HEADER_BYTES = PageFrame.GRAIN_BYTES;

    private final Tally<FuseReason> tally;

    /** The tally gets one decision for each page of a request that the reply has bytes for. */
    public FuseDevice(Tally<FuseReason> tally) {
        this.tally = tally;
    }

    /**
     * {@code fuse_dev_splice_write}: splice(2) of {@code length} bytes, header included, from the pipe into the device,
     * as the reply to {@code request}, which ends with it.
     *
     * @param flags {@link SpliceFlags}; MOVE so that pages may move
     * @return {@code length}, or minus an error number: EINVAL (less is in the pipe, which stays as it is; or the reply
     *     is longer than the request); ENOENT (aborted); EIO
     */
    public long spliceWrite(Pipe pipe, int length, int flags, FuseRequest request) {
        PipeBuffer[] buffers = takeBuffers(pipe, length);
        if (buffers.length == 0) {
            return Errno.EINVAL.result();
        }
        boolean move = (flags & SpliceFlags.MOVE) != 0;
        long result = write(new FuseCopyState(request, buffers, move, tally), length, request);
        for (PipeBuffer buffer : buffers) {
            buffer.release();
        }
        return result;
    }

    /**
     * {@code fuse_dev_do_write}: until the header is read, nobody knows which request it answers, so after an error
     * there the request keeps waiting.
     */
    private static long write(FuseCopyState copy, int length, FuseRequest request) {
        int error = copy.header(HEADER_BYTES);
        if (error != 0 || request.lock() != 0) {
            return error != 0 ? error : Errno.ENOENT.result();
        }
        int bytes = length - HEADER_BYTES;
        error = bytes > request.requestedBytes() ? Errno.EINVAL.result() : copy.pages(bytes);
        if (error == 0 && request.isAborted()) {
            error = Errno.ENOENT.result();
        } else if (error != 0 && !request.isAborted()) {
            request.fail(Errno.EIO.result());
        }
        request.end();
        return error != 0 ? error : length;
    }

    /**
     * Takes the oldest {@code length} bytes out of the pipe, as buffers. The last one may be a part of a buffer, which
     * is no gift then. Returns no buffers if the pipe holds less.
     */
    private static PipeBuffer[] takeBuffers(Pipe pipe, int length) {
        int count = 0;
        long bytes = 0;
        while (bytes < length && count < pipe.buffers()) {
            bytes += pipe.at(count).length();
            count++;
        }
        if (bytes < length || length < HEADER_BYTES) {
            return new PipeBuffer[0];
        }
        PipeBuffer[] taken = new PipeBuffer[count];
        int rest = length;
        for (int i = 0; i < count; i++) {
            PipeBuffer head = pipe.at(0);
            taken[i] = new PipeBuffer();
            taken[i].set(head);
            if (rest >= head.length()) {
                rest -= head.length();
                pipe.takeHead();
            } else {
                head.page().get();
                taken[i].remove(PipeBuffer.GIFT);
                taken[i].cut(rest);
                head.advance(rest);
            }
        }
        return taken;
    }
}
