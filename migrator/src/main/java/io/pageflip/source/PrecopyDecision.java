package io.pageflip.source;

import io.pageflip.agent.Throttling;
import io.pageflip.request.PrecopyLimits;
import io.pageflip.request.PrecopyLimits.OnTimeout;

/**
 * The decision after a precopy round: a pure function of the measurements.
 *
 * @param throttlePercent the percentage of the time for which the vCPUs rest from now on
 * @param reason why this was decided, for reports
 */
record PrecopyDecision(Action action, int throttlePercent, String reason) {
    /** The source's next action. */
    enum Action {
        /** Another round. */
        CONTINUE("continue"),
        /** Pause the guest, and send the rest. */
        SWITCH("switch"),
        /** Another round, in which the vCPUs rest more. */
        THROTTLE("throttle"),
        /** End the migration; the guest stays at the source. */
        CANCEL("cancel"),
        /** Do the switchover at once; the rest crosses when it is needed. */
        POSTCOPY("postcopy");

        private final String label;

        Action(String label) {
            this.label = label;
        }

        /** As reports write it. */
        @Override
        public String toString() {
            return label;
        }
    }

    /**
     * Decides after a round. If the rest fits into the downtime limit, the switchover always follows, also when the
     * timeout or the last round has passed.
     */
    static PrecopyDecision decide(RoundStats stats, PrecopyLimits limits, Throttling throttling) {
        int throttle = stats.throttlePercent();
        if (stats.expectedDowntimeNs() <= limits.downtimeLimitNs()) {
            return new PrecopyDecision(Action.SWITCH, throttle, "the rest fits into the downtime limit");
        }
        if (limits.timeoutNs() > 0 && stats.elapsedNs() >= limits.timeoutNs()) {
            return new PrecopyDecision(atTheEnd(limits.onTimeout()), throttle, "the time has run out");
        }
        if (limits.maxRounds() > 0 && stats.round() >= limits.maxRounds()) {
            return new PrecopyDecision(atTheEnd(limits.onTimeout()), throttle, "the rounds have run out");
        }
        boolean outrun = stats.dirtyBytes() > stats.sentBytes() * (throttling.triggerPercent() / 100.0);
        if (limits.autoConverge() && outrun && throttle < throttling.maxPercent()) {
            int more = throttle == 0
                    ? throttling.initialPercent()
                    : Math.min(throttling.maxPercent(), throttle + throttling.incrementPercent());
            return new PrecopyDecision(
                    Action.THROTTLE,
                    more,
                    "the guest writes more than " + throttling.triggerPercent() + " % of what is sent");
        }
        return new PrecopyDecision(Action.CONTINUE, throttle, "too much is left");
    }

    /** The same, but with the rest after the switchover, because somebody asked for that. */
    PrecopyDecision withPostcopy() {
        return action == Action.SWITCH
                ? this
                : new PrecopyDecision(Action.POSTCOPY, throttlePercent, "a postcopy was asked for");
    }

    private static Action atTheEnd(OnTimeout choice) {
        return switch (choice) {
            case CANCEL -> Action.CANCEL;
            case SWITCH -> Action.SWITCH;
            case POSTCOPY -> Action.POSTCOPY;
        };
    }
}
