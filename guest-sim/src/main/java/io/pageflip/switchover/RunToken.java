package io.pageflip.switchover;

import io.pageflip.memory.BasePage;
import io.pageflip.os.Futex;
import io.pageflip.os.Mapping;
import io.pageflip.os.MemFd;
import io.pageflip.os.OfdLock;
import io.pageflip.os.Resources;
import io.pageflip.os.SyscallException;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Deque;

/**
 * Decides who may run the guest: a small memfd that both agents map. The kernel arbitrates, not messages.
 *
 * <pre>
 *      0  u32  owner epoch (a futex word): another number each time the guest gets another owner
 *   4096       the {@link SwitchoverPage}, through which the guest's state crosses
 *   and an open-file-description lock on the whole file, which the kernel frees when its holder dies
 * </pre>
 *
 * <p>A destination takes the guest by replacing its source's epoch with the next one, in one atomic step, while it
 * holds the lock and before its first instruction: the point of no return. A source that takes its guest back replaces
 * its own epoch, too, with one that no destination was promised: so only one of them can succeed. The lock tells that
 * an owner is dead. It would not suffice alone: "the destination never took the guest" and "took it, ran and died" look
 * the same.
 *
 * <p>The peer maps the memfd, and may write anything at any time. So an agent never learns from it what it knows
 * itself: while a source has not released the lock, it owns the guest, whatever the words say; and {@link #ownEpoch} is
 * kept in this process.
 *
 * <p>One thread at a time may use an object, except {@link #epoch}, {@link #awaitChange} and {@link #page}.
 */
public final class RunToken implements AutoCloseable {
    private static final int SWITCHOVER_PAGE = BasePage.BYTES;
    private static final int BYTES = SWITCHOVER_PAGE + BasePage.BYTES;
    private static final int FIRST_EPOCH = 1;
    private static final int NO_EPOCH = 0;

    private final Mapping mapping;
    private final Futex epoch;
    private final SwitchoverPage page;
    private final OfdLock lock;
    private final MemFd passable;
    private final OfdLock dryRunLock;
    private boolean locked;
    private boolean released;
    private volatile int ownEpoch;

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
        token.ownEpoch = FIRST_EPOCH;
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

    /** The owner epoch in shared memory as it is now, whoever wrote it. */
    public int epoch() {
        return epoch.get();
    }

    /**
     * The epoch with which this agent owns the guest, or owned it last; 0 if it never did. Nobody else can change it.
     */
    public int ownEpoch() {
        return ownEpoch;
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
        released = true;
    }

    /**
     * Locks and unlocks a file of this process, and compares the epoch with one that cannot be, which changes nothing:
     * the code of {@link #tryLock} and {@link #claim} is then in the caches when the switchover comes.
     */
    void dryRun() throws SyscallException {
        epoch.compareAndSet(NO_EPOCH, NO_EPOCH);
        dryRunLock.tryLock();
        dryRunLock.unlock();
    }

    public boolean isLocked() {
        return locked;
    }

    /**
     * Replaces {@code promised - 1}, the source's epoch, with {@code promised}: from here on the guest is this agent's.
     * Needs the lock. This wakes no waiter, since that would cost microseconds of the downtime: see
     * {@link #wakeWaiters}.
     *
     * @throws IOException if another epoch stands there: the source has taken the guest back
     */
    void claim(int promised) throws IOException {
        if (!locked) {
            throw new IllegalStateException("claiming the guest without the lock");
        }
        if (!epoch.compareAndSet(promised - 1, promised)) {
            throw new IOException("the source has taken the guest back: its owner epoch is " + epoch.get() + ", not "
                    + (promised - 1));
        }
        own(promised);
    }

    /**
     * Makes the guest this source's again, in an epoch that no destination was promised. If this agent has never
     * released the lock since it got the guest, it succeeds whatever the words say.
     *
     * @param promised the epoch with which a destination may have taken the guest
     * @param mine the new epoch of this agent
     * @return false if a destination has taken the guest
     */
    boolean takeBack(int promised, int mine) {
        if (released) {
            int seen = epoch.get();
            while (seen != promised && !epoch.compareAndSet(seen, mine)) {
                seen = epoch.get();
            }
            if (seen == promised) {
                return false;
            }
        } else {
            epoch.set(mine);
        }
        own(mine);
        return true;
    }

    private void own(int mine) {
        ownEpoch = mine;
        released = false;
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
