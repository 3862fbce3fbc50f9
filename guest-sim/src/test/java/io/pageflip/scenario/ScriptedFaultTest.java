package io.pageflip.scenario;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.fail;

import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

final class ScriptedFaultTest {
    static List<ScriptedFault> all() {
        return Arrays.stream(ScriptedFault.Action.values())
                .flatMap(action -> Arrays.stream(Step.values()).map(step -> new ScriptedFault(action, step)))
                .toList();
    }

    @ParameterizedTest
    @MethodSource("all")
    void whatIsPrintedIsParsed(ScriptedFault fault) {
        assertThat(ScriptedFault.parse(fault.toString())).isEqualTo(fault);
    }

    @Test
    void isWrittenAsDocumented() {
        assertThat(ScriptedFault.parse("kill@half-pages"))
                .isEqualTo(new ScriptedFault(ScriptedFault.Action.KILL, Step.HALF_PAGES));
        assertThat(ScriptedFault.parse("term@claimed"))
                .isEqualTo(new ScriptedFault(ScriptedFault.Action.TERM, Step.CLAIMED));
        assertThat(ScriptedFault.parse("drop@last-page"))
                .isEqualTo(new ScriptedFault(ScriptedFault.Action.DROP, Step.LAST_PAGE));
        assertThat(ScriptedFault.parse("stop@first-pages"))
                .isEqualTo(new ScriptedFault(ScriptedFault.Action.STOP, Step.FIRST_PAGES));
        assertThat(ScriptedFault.parse("drop@half-pages,kill@paused"))
                .isEqualTo(new ScriptedFault(
                        ScriptedFault.Action.DROP,
                        Step.HALF_PAGES,
                        new ScriptedFault(ScriptedFault.Action.KILL, Step.PAUSED)));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "kill",
                "kill@",
                "@hello",
                "none",
                "kill@half_pages",
                "KILL@hello",
                "kill@hello ",
                "kill@hello,",
                ",kill@hello",
                "drop@hello, kill@ready",
                "null@hello"
            })
    void everythingElseIsRefusedSayingWhatIsRight(String text) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> ScriptedFault.parse(text))
                .withMessage(
                        "kill@, term@, stop@, drop@, wait@ or error@ and one of hello, filling, ready, first-pages, half-pages,"
                                + " round, state, released, locked, claimed, resumed, paused, recover, last-page");
    }

    @Test
    void aDropClosesTheConnectionAndLivesOn() {
        AtomicInteger dropped = new AtomicInteger();
        ScriptedFault.parse("drop@resumed").at(Step.RESUMED, () -> true, dropped::incrementAndGet);
        assertThat(dropped).hasValue(1);
    }

    @Test
    void aWaitEndsWhenTheAgentIsAskedToEnd() {
        AtomicInteger looks = new AtomicInteger();
        ScriptedFault.parse("wait@ready")
                .at(Step.READY, () -> looks.incrementAndGet() == 3, () -> fail("the connection was closed"));
        assertThat(looks).hasValue(3);
    }

    @Test
    void ofSeveralEachComesAtItsStep() {
        AtomicInteger dropped = new AtomicInteger();
        ScriptedFault both = ScriptedFault.parse("drop@resumed,drop@paused");
        assertThat(both).hasToString("drop@resumed,drop@paused");
        for (Step step : Step.values()) {
            int before = dropped.get();
            both.at(step, () -> true, dropped::incrementAndGet);
            assertThat(dropped.get() - before).isEqualTo(step == Step.RESUMED || step == Step.PAUSED ? 1 : 0);
        }
    }

    @Test
    void noneDoesNothingAnywhere() {
        for (Step step : Step.values()) {
            ScriptedFault.NONE.at(
                    step, () -> true, () -> fail("the connection was closed")); // or this JVM would be gone
        }
        assertThat(ScriptedFault.NONE).hasToString("none");
    }

    @ParameterizedTest
    @MethodSource("all")
    void anotherStepIsLeftAlone(ScriptedFault fault) {
        assertThat(Step.values()).hasSizeGreaterThan(1).allSatisfy(step -> {
            if (step != fault.step()) {
                fault.at(step, () -> true, () -> fail("the connection was closed"));
            }
        });
    }
}
