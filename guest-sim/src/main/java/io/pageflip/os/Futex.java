package io.pageflip.os;

import java.lang.invoke.VarHandle;

/** A 32-bit word in memory shared between processes, that one side changes and the other waits for (futex(2)). */
public final class Futex {
    private final Mapping mapping;
    private final long offset;
    private final Syscalls sys = Syscalls.LINUX;

    /** The word at {@code offset}, a multiple of 4, of a shared mapping, which must outlive this object. */
    public Futex(Mapping mapping, long offset) {
        this.mapping = mapping;
        this.offset = offset;
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
