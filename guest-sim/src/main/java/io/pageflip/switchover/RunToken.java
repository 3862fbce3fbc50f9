package io.pageflip.switchover;

import io.pageflip.memory.BasePage;
import io.pageflip.os.Futex;
import io.pageflip.os.Mapping;
import io.pageflip.os.MemFd;
import io.pageflip.os.OfdLock;
import io.pageflip.os.Resources;
import io.pageflip.os.SyscallException;
import java.util.ArrayDeque;
import java.util.Deque;

/**
 * Decides who may run the guest: a small memfd that both agents map. The kernel arbitrates, not messages.
 *
 * <pre>
 *      0  u32  owner epoch (a futex word): one more each time the guest changes hands
 *   4096       the {@link SwitchoverPage}, through which the guest's state crosses
 *   and an open-file-description lock on the whole file, which the kernel frees when its holder dies
 * </pre>
 *
 * <p>An agent runs the guest only while it holds the lock <em>and</em> the epoch is its own. The destination stores the
 * next epoch, holding the lock, before its first instruction: the point of no return. A source that gets the lock back
 * and finds its own epoch owns the guest again; one that finds another never runs it again. The lock alone would not
 * suffice: "the destination never took it" and "took it, ran and died" look the same.
 *
 * <p>One thread at a time may use an object, except {@link #epoch}, {@link #awaitChange} and {@link #page}.
 */
public final class RunToken implements AutoCloseable {
    private static final int SWITCHOVER_PAGE = BasePage.BYTES;
    private static final int BYTES = SWITCHOVER_PAGE + BasePage.BYTES;
    private static final int FIRST_EPOCH = 1;

    private final Mapping mapping;
    private final Futex epoch;
    private final SwitchoverPage page;
    private final OfdLock lock;
    private final MemFd passable;
    private final OfdLock dryRunLock;
    private boolean locked;

    /** @param file taken over, whatever happens */
    private RunToken(MemFd file) throws SyscallException {
        Deque<AutoCloseable> made = new ArrayDeque<>();
        made.push(file);
        try (MemFd own = MemFd.create("dry-run", BYTES, false)) {
            this.mapping = Mapping.shared(file);
            made.push(mapping);
            this.lock = OfdLock.on(file);
            made.push(lock);
            this.dryRunLock = OfdLock.on(own);
        } catch (SyscallException | RuntimeException e) {
            Resources.closeAll(made);
            throw e;
        }
        this.epoch = new Futex(mapping, 0);
        this.page = new SwitchoverPage(mapping, SWITCHOVER_PAGE);
        this.passable = file;
    }

    /** Makes the token of a new guest: this process holds the lock, in the first epoch. */
    public static RunToken create() throws SyscallException {
        RunToken token = new RunToken(MemFd.create("token", BYTES, false));
        token.epoch.set(FIRST_EPOCH);
        if (!token.tryLock()) {
            throw new IllegalStateException("a new run token is locked already");
        }
        return token;
    }

    /**
     * A token that another agent made; {@code file} is taken over and closed at once: a descriptor that a peer passed
     * shares the peer's description, and with it its lock.
     */
    public static RunToken attach(MemFd file) throws SyscallException {
        try (file) {
            return new RunToken(file.reopened());
        }
    }

    /** A second holder of a token in the same process, with a lock of its own; for a warm-up. */
    public static RunToken attachOwn(RunToken token) throws SyscallException {
        return new RunToken(token.file().reopened());
    }

    /** The length of its memfd. */
    public static long lengthBytes() {
        return BYTES;
    }

    /** The memfd, for passing it on. Its own description is never locked. */
    public MemFd file() {
        return passable;
    }

    /** The page through which the guest's state crosses; valid until the token is closed. */
    public SwitchoverPage page() {
        return page;
    }

    /** The owner epoch as it is now. */
    public int epoch() {
        return epoch.get();
    }

    /** Waits at most {@code timeoutNs} while the epoch is {@code known}; may return early. */
    public void awaitChange(int known, long timeoutNs) throws SyscallException {
        epoch.await(known, timeoutNs);
    }

    /** Takes the lock if nobody holds it: true if this agent holds it now. */
    public boolean tryLock() throws SyscallException {
        locked = locked || lock.tryLock();
        return locked;
    }

    /** Releases the lock. */
    public void release() throws SyscallException {
        lock.unlock();
        locked = false;
    }

    /**
     * Locks and unlocks another file, which only this process has, so that the code is in the caches when the token is
     * locked.
     */
    void dryRun() throws SyscallException {
        dryRunLock.tryLock();
        dryRunLock.unlock();
    }

    public boolean isLocked() {
        return locked;
    }

    /**
     * Stores the next epoch: from here on the guest is this agent's. Needs the lock. Threads that wait for the epoch
     * are not woken, which would add microseconds to the downtime: see {@link #wakeWaiters}.
     */
    public void claim(int nextEpoch) {
        if (!locked) {
            throw new IllegalStateException("claiming the guest without the lock");
        }
        if (nextEpoch != epoch.get() + 1) {
            throw new IllegalStateException("claiming epoch " + nextEpoch + " after " + epoch.get());
        }
        epoch.set(nextEpoch);
    }

    /** Wakes the threads that wait for a change of the epoch. */
    public void wakeWaiters() {
        epoch.wake();
    }

    @Override
    public void close() {
        lock.close();
        dryRunLock.close();
        mapping.close();
        passable.close();
    }
}
