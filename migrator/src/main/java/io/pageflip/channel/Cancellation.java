package io.pageflip.channel;

import io.pageflip.os.WaitGuard;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * A request to cancel the migration. Any thread may make it, for instance the one that handles a signal. The agent's
 * thread notices it wherever it waits or loops.
 */
public final class Cancellation implements WaitGuard {
    private final AtomicReference<@Nullable String> reason = new AtomicReference<>();
    private final @Nullable Cancellation outer;

    /** A request that nobody has made. */
    public Cancellation() {
        this(null);
    }

    /** @param outer a request that counts for this one, too; null for none */
    public Cancellation(@Nullable Cancellation outer) {
        this.outer = outer;
    }

    /** Requests the cancellation; only the first reason counts. */
    public void request(String why) {
        reason.compareAndSet(null, why);
    }

    public boolean isRequested() {
        return reason.get() != null || (outer != null && outer.isRequested());
    }

    @Override
    public void check() throws CancelledException {
        String why = reason.get();
        if (why != null) {
            throw new CancelledException(why);
        }
        if (outer != null) {
            outer.check();
        }
    }
}
