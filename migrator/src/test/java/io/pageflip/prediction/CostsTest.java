package io.pageflip.prediction;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pageflip.kernel.workload.Conditions;
import io.pageflip.kernel.workload.SimulatedKernel;
import io.pageflip.kernel.workload.Simulation;
import io.pageflip.kernel.workload.SimulationResult;
import io.pageflip.request.Mechanism;
import java.io.IOException;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The time model, and the file that it is kept in. */
final class CostsTest {
    private static final Costs COSTS = new Costs(
            Costs.SCHEMA, "a host", Map.of("flip", new Costs.Cost(1000, 250), "gift", new Costs.Cost(5000, 500.5)));

    @Test
    void aMechanismCostsSoMuchAtOnceAndSoMuchAPage() {
        assertThat(COSTS.pagesNs(Mechanism.FLIP, 10)).isEqualTo(3500);
        assertThat(COSTS.pagesNs(Mechanism.GIFT, 3)).isEqualTo(6502);
        assertThat(COSTS.pagesNs(Mechanism.PULL, 3)).isNull();
    }

    @Test
    void aSimulatedPageCostsAFlipIfItMovesAndAGiftIfItIsCopied() throws Exception {
        assertThat(COSTS.pagesNs(run(SimulatedKernel.VMSPLICE_MOVE_FIXED, 0))).isEqualTo(1000 + 1024 * 250);
        assertThat(COSTS.pagesNs(run(SimulatedKernel.STOCK, 0))).isEqualTo(5000 + 1024 * 500 + 512);
        assertThat(COSTS.pagesNs(run(SimulatedKernel.VMSPLICE_MOVE, Conditions.WHOLE)))
                .as("all of which fail")
                .isEqualTo(0);
    }

    @Test
    void whatWasNotMeasuredIsNotPredicted() throws Exception {
        Costs flips = new Costs(Costs.SCHEMA, null, Map.of("flip", new Costs.Cost(0, 1)));
        assertThat(flips.pagesNs(run(SimulatedKernel.STOCK, 0))).isNull();
        assertThat(flips.pagesNs(run(SimulatedKernel.VMSPLICE_MOVE_FIXED, 0))).isEqualTo(1024);
    }

    private static SimulationResult run(SimulatedKernel kernel, int unaligned) throws InterruptedException {
        Conditions conditions = new Conditions(0, 0, 0, 0, 0, unaligned, 0, 1);
        return new Simulation(kernel, conditions, 1024).run(1, () -> false);
    }

    @Test
    void isReadAsItWasWritten() throws IOException {
        assertThat(Costs.parse(COSTS.json())).isEqualTo(COSTS);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "null",
                "[]",
                "{}",
                "{\"schema\": \"pageflip.costs/1\"}",
                "{\"schema\": \"pageflip.costs/2\", \"mechanisms\": {}}",
                "{\"schema\": \"pageflip.costs/1\", \"mechanisms\": {\"flip\": null}}",
                "{\"schema\": \"pageflip.costs/1\", \"mechanisms\": {\"flip\": {\"fixed-ns\": -1, \"ns-per-page\": 1}}}",
                "{\"schema\": \"pageflip.costs/1\", \"mechanisms\": {\"flip\": {\"fixed-ns\": \"x\"}}}"
            })
    void anythingElseIsRefused(String json) {
        assertThatThrownBy(() -> Costs.parse(json)).isInstanceOf(IOException.class);
    }
}
