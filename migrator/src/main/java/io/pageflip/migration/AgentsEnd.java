package io.pageflip.migration;

import io.pageflip.guest.GuestConfig;
import io.pageflip.os.NanoClock;
import java.util.List;

/**
 * The end of two agents. They are asked to end in an orderly way, which takes time: a guest is verified. One that has
 * not ended long after that never will, because somebody has stopped it, and is killed. Used by one thread.
 */
final class AgentsEnd {
    private static final long NS_PER_S = 1_000_000_000;

    /** How long both agents may take to end once they were asked to, and {@link #NS_PER_GIB} more. */
    private static final long LIMIT_NS = 10 * NS_PER_S;

    private static final long NS_PER_GIB = 2 * NS_PER_S;

    private final List<AgentProcess> agents;
    private final long limitNs;
    private final NanoClock clock;
    private boolean asked;
    private long askedNs;

    AgentsEnd(AgentProcess one, AgentProcess other, GuestConfig guest, NanoClock clock) {
        this.agents = List.of(one, other);
        this.limitNs = LIMIT_NS + (guest.ramBytes() >> 30) * NS_PER_GIB;
        this.clock = clock;
    }

    /** Asks both, if nobody has yet; kills those that were asked long ago. */
    void require() {
        if (!asked) {
            asked = true;
            askedNs = clock.nanoTime();
            agents.forEach(AgentProcess::cancel);
        } else if (clock.nanoTime() - askedNs > limitNs) {
            agents.forEach(AgentProcess::kill);
        }
    }

    /** Since when both have been asked: {@link NanoClock} nanoseconds. Means nothing before {@link #require}. */
    long askedNs() {
        return askedNs;
    }
}
