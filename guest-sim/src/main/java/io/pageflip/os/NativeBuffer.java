package io.pageflip.os;

import com.sun.jna.Memory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * A piece of the process's own native memory, for headers, structs of system calls, and bytes in transit. It is never
 * guest RAM and never traps in a userfaultfd, so it may also be used as a {@link ByteBuffer}. Zeroed at first; freed
 * with the object. Not thread-safe.
 */
public final class NativeBuffer {
    private static final int SCRATCH_BYTES = 512;
    private static final ThreadLocal<NativeBuffer> SCRATCH = ThreadLocal.withInitial(() -> allocate(SCRATCH_BYTES));

    private final Memory memory;
    private final ByteBuffer view;

    private NativeBuffer(int lengthBytes) {
        this.memory = new Memory(lengthBytes);
        memory.clear();
        this.view = memory.getByteBuffer(0, lengthBytes).order(ByteOrder.LITTLE_ENDIAN);
    }

    /** Allocates {@code lengthBytes} (at least 1) bytes. */
    public static NativeBuffer allocate(int lengthBytes) {
        return new NativeBuffer(lengthBytes);
    }

    /**
     * This thread's scratch buffer of 512 bytes, zeroed, for a struct that one system call reads or writes and nobody
     * needs afterwards. A buffer allocated for the call would be unsafe: it could be garbage-collected, and so freed,
     * while the kernel still uses its address.
     */
    static NativeBuffer scratch() {
        NativeBuffer scratch = SCRATCH.get();
        scratch.memory.clear();
        return scratch;
    }

    /**
     * The same memory as a little-endian buffer; always the same object, so position and limit are shared by all users.
     */
    public ByteBuffer bytes() {
        return view;
    }

    public int length() {
        return view.capacity();
    }

    /** Writes {@code count} words of {@code words} at the start of the buffer. */
    public void putLongs(long[] words, int count) {
        memory.write(0, words, 0, count);
    }

    /** Reads {@code count} words from the start of the buffer. */
    public void getLongs(long[] words, int count) {
        memory.read(0, words, 0, count);
    }

    /** Whether {@code bytes} bytes (8 or more) at {@code offset} are all zero; usually decided by the first word. */
    public boolean isZero(int offset, int bytes) {
        long at = address(offset, bytes);
        return view.getLong(offset) == 0 && equalsItselfShifted(Syscalls.LINUX, at, bytes);
    }

    /** Whether a range equals itself shifted by one word: then it is all zero, if its first word is. */
    static boolean equalsItselfShifted(Syscalls sys, long address, long bytes) {
        return sys.memcmp(address, address + Long.BYTES, bytes - Long.BYTES) == 0;
    }

    long address() {
        return com.sun.jna.Pointer.nativeValue(memory);
    }

    long address(long offset, long length) {
        if ((offset | length) < 0 || offset + length > length()) {
            throw new IndexOutOfBoundsException("buffer of " + length() + " bytes: " + offset + "+" + length);
        }
        return address() + offset;
    }
}
