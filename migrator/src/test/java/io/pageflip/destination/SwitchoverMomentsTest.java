package io.pageflip.destination;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pageflip.agent.AgentContext;
import io.pageflip.agent.MigrationControl;
import io.pageflip.channel.Cancellation;
import io.pageflip.channel.CancelledException;
import io.pageflip.metrics.Progress;
import io.pageflip.os.NanoClock;
import io.pageflip.scenario.ScriptedFault;
import io.pageflip.scenario.Step;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What else happens while vCPU 0 takes the guest. */
final class SwitchoverMomentsTest {
    private final Cancellation cancellation = new Cancellation();
    private final List<Step> steps = new ArrayList<>();
    private boolean dropped;

    private SwitchoverMoments moments(ScriptedFault fault) {
        return new SwitchoverMoments(new AgentContext<>(
                        "destination",
                        DestinationState.DEVICE,
                        fault,
                        () -> dropped = true,
                        new MigrationControl(cancellation),
                        new Progress(),
                        NanoClock.SYSTEM)
                .observedBy(steps::add));
    }

    @Test
    void eachMomentIsAStep() throws IOException {
        SwitchoverMoments moments = moments(ScriptedFault.NONE);

        moments.released();
        moments.locked();
        moments.claimed();

        assertThat(steps).containsExactly(Step.RELEASED, Step.LOCKED, Step.CLAIMED);
    }

    @Test
    void aScriptedFaultStrikesAtItsMoment() throws IOException {
        SwitchoverMoments moments = moments(ScriptedFault.parse("drop@locked"));

        moments.released();
        assertThat(dropped).isFalse();
        moments.locked();
        assertThat(dropped).isTrue();
    }

    @Test
    void theLastMomentToGiveUpIsBeforeTheGuestIsClaimed() throws IOException {
        SwitchoverMoments moments = moments(ScriptedFault.NONE);
        cancellation.request("enough");

        moments.released();
        assertThatThrownBy(moments::locked)
                .isInstanceOf(CancelledException.class)
                .hasMessage("enough");
        moments.claimed();
    }

    @Test
    void scratchGuestsMeetNoFaultAndNoEnd() throws IOException {
        SwitchoverMoments scratch = SwitchoverMoments.scratch(NanoClock.SYSTEM);

        scratch.released();
        scratch.locked();
        scratch.claimed();
    }
}
