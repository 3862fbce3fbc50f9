package io.pageflip.os;

import com.sun.jna.Pointer;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** A 32-bit word in memory shared between processes, that one side changes and the other waits for (futex(2)). */
public final class Futex {
    private static final VarHandle WORD = MethodHandles.byteBufferViewVarHandle(int[].class, ByteOrder.nativeOrder());

    private final Mapping mapping;
    private final long offset;
    private final ByteBuffer word;
    private final Syscalls sys = Syscalls.LINUX;

    /**
     * The word at {@code offset}, a multiple of 4, of a shared mapping, which must outlive this object. The mapping is
     * never registered with a userfaultfd: {@link #compareAndSet} touches it in Java state, where a trap would stop the
     * JVM.
     */
    public Futex(Mapping mapping, long offset) {
        this.mapping = mapping;
        this.offset = offset;
        this.word = new Pointer(mapping.address(offset, Integer.BYTES)).getByteBuffer(0, Integer.BYTES);
    }

    /** Reads the word. All writes that its writer made before it stored the word are visible then (acquire). */
    public int get() {
        int value = mapping.getInt(offset);
        VarHandle.acquireFence();
        return value;
    }

    /** Stores the word after all earlier writes; wakes nobody. */
    public void set(int value) {
        VarHandle.releaseFence();
        mapping.setInt(offset, value);
        VarHandle.fullFence();
    }

    /**
     * Stores {@code value} if the word is still {@code expected}, in one step that no other process can come between.
     *
     * @return whether it did
     */
    public boolean compareAndSet(int expected, int value) {
        return WORD.compareAndSet(word, 0, expected, value);
    }

    /** Wakes all waiters. */
    public void wake() {
        sys.futexWake(mapping.address(offset, 4));
    }

    /** Stores the word after all earlier writes, and wakes all waiters. */
    public void setAndWake(int value) {
        set(value);
        wake();
    }

    /** Waits while the word is {@code value}, at most {@code timeoutNs}; may return early. */
    public void await(int value, long timeoutNs) throws SyscallException {
        NativeBuffer timespec = NativeBuffer.scratch();
        timespec.bytes().putLong(0, timeoutNs / 1_000_000_000).putLong(8, timeoutNs % 1_000_000_000);
        long result = sys.futexWait(mapping.address(offset, 4), value, timespec.address());
        if (result != -Errno.EAGAIN && result != -Errno.EINTR && result != -Errno.ETIMEDOUT) {
            SyscallException.check(result, "FUTEX_WAIT");
        }
    }
}
