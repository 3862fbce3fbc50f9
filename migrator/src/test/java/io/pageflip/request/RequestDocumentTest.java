package io.pageflip.request;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.pageflip.guest.Workload;
import io.pageflip.metrics.ResultJson;
import io.pageflip.ram.Backing;
import io.pageflip.ram.DirtyTracking;
import io.pageflip.scenario.ScriptedFault;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class RequestDocumentTest {
    /** Every field of a precopy that may become a postcopy, none as it is by default. */
    private static RequestBuilder full() {
        return new RequestBuilder()
                .ramBytes(512 << 20)
                .place(new RamPlace(Backing.FILE, Path.of("/var/tmp")))
                .vcpus(3)
                .workload(Workload.SEQUENTIAL)
                .dirtyRate(1234)
                .hotSetPercent(11)
                .fillPercent(99)
                .seed(-7)
                .parts(new RamParts(1, 2, 3, 4, 5, 6))
                .mechanism(Mechanism.PULL)
                .channel(ChannelKind.PIPE)
                .schedule(Schedule.PRECOPY)
                .batchPages(17)
                .gifts(false)
                .moves(false)
                .noWayBack(true)
                .switchoverTimeoutS(7.5)
                .precopy(new MigrationRequest.Precopy(
                        250L, 1L << 30, 5, true, 12.5, PrecopyLimits.OnTimeout.POSTCOPY, DirtyTracking.LOG))
                .postcopy(new MigrationRequest.Postcopy(8, 9, 10L))
                .verify(false)
                .runAfterS(0.29)
                .sourceFault(ScriptedFault.parse("kill@half-pages"))
                .destinationFault(ScriptedFault.parse("stop@released"))
                .warmUp(WarmUpLength.BRIEF)
                .traces(true);
    }

    private static MigrationRequest again(MigrationRequest request) throws RefusedException {
        return RequestDocument.read(RequestDocument.write(request));
    }

    @Test
    void everyFieldComesBack() throws RefusedException {
        MigrationRequest request = full().build();
        assertThat(again(request)).isEqualTo(request);
    }

    @Test
    void adoptedRamComesBack() throws RefusedException {
        MigrationRequest request = new RequestBuilder()
                .place(new RamPlace(Backing.ANONYMOUS))
                .adopt(new MigrationRequest.Adopt(true, 1L << 20))
                .build();
        assertThat(again(request)).isEqualTo(request);
        assertThat(request.guest().backing()).isEqualTo(Backing.MEMFD);
        assertThat(RequestDocument.of(request)).containsEntry("backing", "anonymous");
    }

    @Test
    void theDefaultsComeBackWithWhatFollowsFromThem() throws RefusedException {
        MigrationRequest request = new RequestBuilder().build();
        assertThat(again(request)).isEqualTo(request);
        assertThat(RequestDocument.of(request))
                .containsOnlyKeys(
                        "ram",
                        "backing",
                        "vcpus",
                        "workload",
                        "dirty-rate",
                        "hot-set",
                        "fill",
                        "seed",
                        "mechanism",
                        "channel",
                        "schedule",
                        "batch",
                        "gift",
                        "no-way-back",
                        "move",
                        "verify",
                        "run-after")
                .containsEntry("mechanism", "flip")
                .containsEntry("schedule", "handover");
    }

    @Test
    void aPrecopyTellsItsLimitsAlsoWhereNobodySaidThem() throws RefusedException {
        MigrationRequest request = new RequestBuilder()
                .mechanism(Mechanism.STREAM)
                .schedule(Schedule.PRECOPY)
                .build();
        assertThat(RequestDocument.of(request))
                .containsEntry("downtime-limit", 300L)
                .containsEntry("max-bandwidth", 0L)
                .containsEntry("max-rounds", 0)
                .containsEntry("auto-converge", false)
                .containsEntry("timeout", 30.0)
                .containsEntry("on-timeout", "switch")
                .containsEntry("dirty-tracking", "write-protect");
        MigrationRequest read = again(request);
        assertThat(read.limits()).isEqualTo(request.limits());
        assertThat(RequestRules.check(read)).isEmpty();
        assertThat(RequestDocument.of(read)).isEqualTo(RequestDocument.of(request));
    }

    @Test
    void aPostcopyTellsItsWindow() throws RefusedException {
        MigrationRequest request =
                new RequestBuilder().schedule(Schedule.POSTCOPY).build();
        assertThat(RequestDocument.of(request)).containsEntry("prefetch", 16);
        assertThat(again(request).postcopySettings()).isEqualTo(request.postcopySettings());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "ram           | \"1G\"     | the request's 'ram' is \"1G\"; it must be a whole number, as 4 is one",
                "ram           | 1.5        | the request's 'ram' is 1.5; it must be a whole number, as 4 is one",
                "vcpus         | 9999999999 | the request's 'vcpus' is 9999999999; it must be a whole number, as 4 is one",
                "backing       | \"disk\"   | the request's 'backing' is \"disk\"; it must be one of memfd, anonymous, hugetlb, file:DIR",
                "backing       | 7          | the request's 'backing' is 7; it must be a word",
                "workload      | \"web\"    | the request's 'workload' is \"web\"; it must be one of idle, sequential, uniform, hotset",
                "mechanism     | \"auto\"   | the request's 'mechanism' is \"auto\"; it must be one of flip, gift, stream, pull, fuse",
                "schedule      | null       | the request's 'schedule' is null; it must be one of stop-and-move, handover, postcopy, precopy",
                "verify        | \"yes\"    | the request's 'verify' is \"yes\"; it must be true or false",
                "run-after     | \"soon\"   | the request's 'run-after' is \"soon\"; it must be a number, as 0.5 is one",
                "colour        | \"red\"    | the request has a key 'colour', which this pageflip does not know",
            })
    void aValueThatIsNoneIsRefused(String key, String json, String sentence) throws Exception {
        ObjectNode document = ResultJson.MAPPER.valueToTree(RequestDocument.of(new RequestBuilder().build()));
        document.set(key, ResultJson.MAPPER.readTree(json));

        assertThatThrownBy(() -> RequestDocument.read(document.toString()))
                .isInstanceOf(RefusedException.class)
                .hasMessage(sentence);
    }

    @Test
    void aFaultThatIsNoneIsRefused() {
        ObjectNode document = ResultJson.MAPPER.valueToTree(RequestDocument.of(new RequestBuilder().build()));
        document.put("source-fault", "kill@breakfast");

        assertThatThrownBy(() -> RequestDocument.read(document.toString()))
                .isInstanceOf(RefusedException.class)
                .hasMessageContaining("'source-fault' is \"kill@breakfast\"")
                .hasMessageContaining("half-pages");
    }

    @ParameterizedTest
    @ValueSource(strings = {"ram", "backing", "mechanism", "schedule", "gift", "move", "verify", "run-after"})
    void aKeyThatIsMissingIsRefused(String key) {
        ObjectNode document = ResultJson.MAPPER.valueToTree(RequestDocument.of(new RequestBuilder().build()));
        document.remove(key);

        assertThatThrownBy(() -> RequestDocument.read(document.toString()))
                .isInstanceOf(RefusedException.class)
                .hasMessage("the request has no key '" + key + "'");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "{", "[]", "7", "{\"ram\": }"})
    void whatIsNoObjectIsRefused(String json) {
        assertThatThrownBy(() -> RequestDocument.read(json))
                .isInstanceOf(RefusedException.class)
                .hasMessageStartingWith("the request is no JSON");
    }
}
