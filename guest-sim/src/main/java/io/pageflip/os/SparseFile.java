package io.pageflip.os;

/** A file that knows which of its parts were ever written. Offsets and lengths are bytes. */
public interface SparseFile {
    Fd fd();

    long length();

    /** The first offset from {@code offset} on that holds data, or -1 if only a hole follows. Not for huge pages. */
    default long nextData(long offset) throws SyscallException {
        return fd().nextData(offset);
    }

    /** The first offset from {@code offset} on that is a hole, or the length. Not for huge pages. */
    default long nextHole(long offset) throws SyscallException {
        return fd().nextHole(offset);
    }
}
