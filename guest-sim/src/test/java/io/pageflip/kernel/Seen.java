package io.pageflip.kernel;

import java.util.EnumSet;
import java.util.Set;

/** What has occurred in all scenarios so far: whatever never does is not tested by them. */
final class Seen {
    final Set<GiftReason> gifts = EnumSet.noneOf(GiftReason.class);
    final Set<MoveReason> moves = EnumSet.noneOf(MoveReason.class);
    final Set<FuseReason> fuse = EnumSet.noneOf(FuseReason.class);
    final Set<InsertReason> inserts = EnumSet.noneOf(InsertReason.class);
    final Set<PipeIterReason> writes = EnumSet.noneOf(PipeIterReason.class);
    final Set<Defect> defects = EnumSet.noneOf(Defect.class);
    final Set<Warning> warnings = EnumSet.noneOf(Warning.class);
    final Set<Hazard> hazards = EnumSet.noneOf(Hazard.class);
    final Set<Outcome> outcomes = EnumSet.noneOf(Outcome.class);

    void log(KernelLog log) {
        for (Defect defect : Defect.values()) {
            if (log.count(defect) > 0) {
                defects.add(defect);
            }
        }
        for (Warning warning : Warning.values()) {
            if (log.count(warning) > 0) {
                warnings.add(warning);
            }
        }
    }

    <R extends Enum<R>> void tally(Tally<R> tally, Set<R> reasons, R[] all) {
        for (Outcome outcome : Outcome.values()) {
            for (R reason : all) {
                if (tally.count(outcome, reason) > 0) {
                    reasons.add(reason);
                    outcomes.add(outcome);
                }
            }
        }
    }
}
