package io.pageflip.channel;

import io.pageflip.os.WaitGuard;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * A request to give up, made from any thread (a signal's, say), noticed by the agent's thread wherever it waits or
 * loops.
 */
public final class Cancellation implements WaitGuard {
    private final AtomicReference<@Nullable String> reason = new AtomicReference<>();

    /** Asks for it; only the first reason counts. */
    public void request(String why) {
        reason.compareAndSet(null, why);
    }

    public boolean isRequested() {
        return reason.get() != null;
    }

    @Override
    public void check() throws CancelledException {
        String why = reason.get();
        if (why != null) {
            throw new CancelledException(why);
        }
    }
}
