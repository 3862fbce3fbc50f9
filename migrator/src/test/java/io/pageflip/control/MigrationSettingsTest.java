package io.pageflip.control;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.pageflip.agent.Throttling;
import io.pageflip.qmp.QmpException;
import io.pageflip.ram.Backing;
import io.pageflip.request.Mechanism;
import io.pageflip.request.MigrationRequest;
import io.pageflip.request.RamPlace;
import io.pageflip.request.RequestBuilder;
import io.pageflip.request.Schedule;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class MigrationSettingsTest {
    private static final ObjectMapper JSON = new ObjectMapper();

    private static MigrationRequest typed(Backing backing) {
        return new RequestBuilder()
                .ramBytes(16 << 20)
                .place(new RamPlace(backing))
                .mechanism(Mechanism.STREAM)
                .schedule(Schedule.PRECOPY)
                .build();
    }

    private static MigrationSettings settings(MigrationRequest typed, String capabilities) {
        MigrationSettings settings = new MigrationSettings(typed, false, false);
        ArrayNode list = JSON.createArrayNode();
        for (String name : capabilities.isEmpty() ? new String[0] : capabilities.split(" ", -1)) {
            list.addObject().put("capability", name).put("state", true);
        }
        settings.setCapabilities(list);
        return settings;
    }

    private static ObjectNode json(String text) throws JsonProcessingException {
        return (ObjectNode) JSON.readTree(text.replace('\'', '"'));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            emptyValue = "",
            value = {
                "''                            | {}                                        | STREAM | PRECOPY",
                "x-ignore-shared               | {}                                        | FLIP   | HANDOVER",
                "''                            | {'mode':'cpr-transfer'}                   | FLIP   | HANDOVER",
                "postcopy-ram                  | {}                                        | PULL   | PRECOPY",
                "postcopy-ram x-ignore-shared  | {}                                        | FLIP   | POSTCOPY",
                "''                            | {'__io.pageflip_mechanism':'pull'}        | PULL   | PRECOPY",
                "''                            | {'__io.pageflip_mechanism':'flip'}        | FLIP   | HANDOVER",
                "''                            | {'__io.pageflip_mechanism':'stream','__io.pageflip_schedule':'stop-and-move'} | STREAM | STOP_AND_MOVE",
                "auto-converge                 | {'downtime-limit':7,'max-bandwidth':2000000} | STREAM | PRECOPY",
            })
    void qemusWordsChooseTheWay(String capabilities, String parameters, Mechanism mechanism, Schedule schedule)
            throws Exception {
        MigrationRequest typed = typed(Backing.MEMFD);
        MigrationSettings settings = settings(typed, capabilities);
        settings.setParameters(json(parameters));

        MigrationRequest request = settings.request(typed.guest());

        assertThat(request.mechanism()).isEqualTo(mechanism);
        assertThat(request.schedule()).isEqualTo(schedule);
        assertThat(request.limits().timeoutNs() == 0).isEqualTo(schedule == Schedule.PRECOPY);
        if (parameters.contains("downtime-limit")) {
            assertThat(request.limits().downtimeLimitNs()).isEqualTo(7_000_000);
            assertThat(settings.limits(request.limits()).maxBandwidth()).isEqualTo(2_000_000);
            assertThat(settings.limits(request.limits()).autoConverge()).isTrue();
        }
    }

    @Test
    void whatTheGuestsRamDoesNotAllowIsRefused() {
        MigrationRequest typed = typed(Backing.ANONYMOUS);
        assertThatThrownBy(() -> settings(typed, "x-ignore-shared").request(typed.guest()))
                .isInstanceOf(QmpException.class)
                .hasMessageContaining("anonymous");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "{'downtime-limit':0}             | 'downtime-limit' expects an integer in the range of 1 to 2000000 milliseconds",
                "{'downtime-limit':2000001}       | 'downtime-limit' expects an integer in the range of 1 to 2000000 milliseconds",
                "{'max-bandwidth':1000}           | 'max-bandwidth' expects 0, for no limit, or an integer of at least 1048576",
                "{'max-bandwidth':-1}             | 'max-bandwidth' expects 0, for no limit, or an integer of at least 1048576",
                "{'max-cpu-throttle':100}         | 'max-cpu-throttle' expects an integer in the range of 1 to 99",
                "{'throttle-trigger-threshold':0} | 'throttle-trigger-threshold' expects an integer in the range of 1 to 100",
            })
    void aNumberOutOfItsRangeChangesNothing(String parameters, String said) throws JsonProcessingException {
        MigrationSettings settings = settings(typed(Backing.MEMFD), "");
        String before = settings.parameters().toString();
        assertThatThrownBy(() -> settings.setParameters(json(parameters.replace("{", "{'cpu-throttle-initial':33,"))))
                .hasMessage("Parameter " + said);
        assertThat(settings.parameters()).hasToString(before);
    }

    @Test
    void throttlingIsQemus() throws Exception {
        MigrationSettings settings = settings(typed(Backing.MEMFD), "");
        assertThat(settings.throttling()).isEqualTo(Throttling.DEFAULT);
        settings.setParameters(json("{'cpu-throttle-initial':33,'cpu-throttle-increment':7,'max-cpu-throttle':90}"));
        assertThat(settings.throttling()).isEqualTo(new Throttling(33, 7, 90, 50));
    }
}
