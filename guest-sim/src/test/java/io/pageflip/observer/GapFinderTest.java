package io.pageflip.observer;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

final class GapFinderTest {
    private final GapFinder finder = new GapFinder();

    /** Looks at each of some times and counts; returns the gaps that ended. */
    private List<Gap> look(long... timesAndCounts) {
        List<Gap> gaps = new ArrayList<>();
        for (int i = 0; i < timesAndCounts.length; i += 2) {
            Gap gap = finder.look(timesAndCounts[i], timesAndCounts[i], timesAndCounts[i + 1]);
            if (gap != null) {
                gaps.add(gap);
            }
        }
        return gaps;
    }

    @Test
    void aGuestThatRunsHasNoGaps() {
        assertThat(look(100, 5, 200, 6, 300, 100, 400, 101)).isEmpty();
        assertThat(finder.unended()).isNull();
    }

    @Test
    void noGapIsClaimedInWhichNoLookFell() {
        assertThat(look(100, 5, 9_000, 6)).isEmpty();
    }

    @Test
    void aGapReachesFromTheLastNewHeartbeatToTheNext() {
        assertThat(look(100, 5, 200, 6, 300, 6, 400, 6, 500, 7)).containsExactly(new Gap(200, 300, 200, 400));
    }

    @Test
    void aCopyThatArrivesIsNoHeartbeat() {
        assertThat(look(100, 50, 200, 60, 300, 60, 400, 55, 500, 60, 600, 61))
                .containsExactly(new Gap(200, 400, 300, 500));
    }

    @Test
    void aGuestThatWasNotSeenToRunHasNoGap() {
        assertThat(look(100, 7, 200, 7, 300, 8)).isEmpty();
        assertThat(look(400, 8, 500, 9)).containsExactly(new Gap(300, 200, 100, 300));
    }

    @Test
    void aLookThatTakesLongMakesTheBoundsWider() {
        assertThat(finder.look(100, 110, 5)).isNull();
        assertThat(finder.look(200, 210, 6)).isNull();
        assertThat(finder.look(300, 310, 6)).isNull();
        assertThat(finder.look(400, 490, 7)).isEqualTo(new Gap(210, 280, 90, 390));
    }

    @Test
    void aGapThatLastsIsAsLongAsTheLooks() {
        assertThat(look(100, 5, 200, 6, 300, 6, 450, 6)).isEmpty();
        assertThat(finder.unended()).isEqualTo(new Gap(200, 250, 250, 350));
    }
}
