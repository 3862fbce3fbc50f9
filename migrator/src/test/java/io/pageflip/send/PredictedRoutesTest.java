package io.pageflip.send;

import static org.assertj.core.api.Assertions.assertThat;

import io.pageflip.guest.GuestConfig;
import io.pageflip.guest.Workload;
import io.pageflip.kernel.workload.SimulatedKernel;
import io.pageflip.metrics.CopyReason;
import io.pageflip.metrics.PageCounts;
import io.pageflip.prediction.Planned;
import io.pageflip.prediction.Predictor;
import io.pageflip.ram.Backing;
import io.pageflip.ram.BlockSpec;
import io.pageflip.request.Mechanism;
import io.pageflip.request.Schedule;
import io.pageflip.scenario.Scenario;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The way that {@link SendPlan} finds for a page, and the reason that was predicted for it, were found apart, and
 * agree.
 */
final class PredictedRoutesTest {
    static List<Arguments> migrations() {
        List<Arguments> all = new ArrayList<>();
        for (Mechanism mechanism : List.of(Mechanism.FLIP, Mechanism.GIFT, Mechanism.STREAM, Mechanism.PULL)) {
            for (Backing backing : List.of(Backing.MEMFD, Backing.ANONYMOUS, Backing.HUGETLB)) {
                for (boolean gifts : new boolean[] {true, false}) {
                    all.add(Arguments.of(mechanism, backing, gifts));
                }
            }
        }
        return all;
    }

    @ParameterizedTest
    @MethodSource("migrations")
    void agree(Mechanism mechanism, Backing backing, boolean gifts) throws Exception {
        GuestConfig guest = new GuestConfig(16 << 20, backing, 1, Workload.IDLE, 0, 10, 100, 1);
        Schedule schedule = Schedule.STOP_AND_MOVE;
        Map<String, PageCounts> predicted = Objects.requireNonNull(new Predictor(null)
                .predict(new Planned(
                        guest, Scenario.PLAIN, false, mechanism, schedule, gifts, true, 512, SimulatedKernel.STOCK))
                .blocks());
        for (BlockSpec spec : guest.blocks()) {
            Map<String, Long> reasons = new TreeMap<>();
            long moved = 0;
            for (long page = 0; page < spec.pages(); page++) {
                SendPlan.Route route = SendPlan.route(mechanism, schedule, gifts, spec, page < spec.wholePages());
                CopyReason reason = route.reason();
                if (reason == null && route.way() == SendPlan.Way.GIFT) {
                    reason = CopyReason.KERNEL_DECLINED; // by a stock kernel
                }
                if (reason == null) {
                    moved++;
                } else {
                    reasons.merge(reason.toString(), 1L, Long::sum);
                }
            }
            long pages = spec.pages();
            assertThat(predicted.get(spec.name()))
                    .as(spec.name())
                    .isEqualTo(new PageCounts(pages, moved, pages - moved, 0, reasons));
        }
    }
}
