package io.pageflip.control;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.pageflip.qmp.QmpException;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class MigrationAddressTest {
    private static final String UNIX = "{'transport':'socket','type':'unix','path':'/m'}";
    private static final QapiType.Struct CHECK = new QapiType.Struct("check", MigrationAddress.ARGUMENTS);

    /** UNIX stands for the address of a Unix socket, MAIN for a channel that has it. */
    private static MigrationAddress read(String text) throws JsonProcessingException, QmpException {
        String json =
                text.replace("MAIN", "{'channel-type':'main','addr':UNIX}").replace("UNIX", UNIX);
        ObjectNode arguments = (ObjectNode) new ObjectMapper().readTree(json.replace('\'', '"'));
        CHECK.check("", arguments);
        return MigrationAddress.of(arguments);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "{'uri':'unix:/m'}                                              | UNIX | /m",
                "{'uri':'unix:m:n'}                                             | UNIX | m:n",
                "{'uri':'fd:link'}                                              | FD   | link",
                "{'uri':'fd:7'}                                                 | FD   | 7",
                "{'channels':[MAIN]}                                            | UNIX | /m",
                "{'channels':[{'channel-type':'cpr','addr':UNIX},MAIN]}         | UNIX | /m",
                "{'channels':[{'channel-type':'main','addr':{'transport':'socket','type':'fd','str':'link'}}]} | FD | link",
            })
    void whereItGoes(String arguments, MigrationAddress.Kind kind, String name) throws Exception {
        MigrationAddress address = read(arguments);

        assertThat(address).isEqualTo(new MigrationAddress(kind, name));
        assertThat(read("{'uri':'" + address + "'}"))
                .as("what it says is a uri")
                .isEqualTo(address);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "{}                                      | need either 'uri' or 'channels' argument, and not both",
                "{'uri':'unix:/m','channels':[MAIN]}     | need either 'uri' or 'channels' argument, and not both",
                "{'uri':''}                              | unknown migration protocol: ",
                "{'uri':'unix:'}                         | unknown migration protocol: unix:",
                "{'uri':'fd:'}                           | unknown migration protocol: fd:",
                "{'uri':'tcp:0:1'}                       | unknown migration protocol: tcp:0:1",
                "{'uri':'/m'}                            | unknown migration protocol: /m",
                "{'channels':[]}                         | Channel list has no 'main' entry",
                "{'channels':[{'channel-type':'cpr','addr':UNIX}]} | Channel list has no 'main' entry",
                "{'channels':[MAIN,MAIN]}                | Channel list has more than one 'main' entry",
                "{'channels':[{'channel-type':'main','addr':{'transport':'socket','type':'unix','str':'x'}}]} | Parameter 'path' is missing",
                "{'channels':[{'channel-type':'main','addr':{'transport':'socket','type':'fd','path':'/m'}}]} | Parameter 'str' is missing",
                "{'channels':[{'channel-type':'main','addr':{'transport':'rdma','type':'unix'}}]} | Parameter 'transport' does not accept value 'rdma'",
                "{'channels':[{'channel-type':'main','addr':{'transport':'socket','type':'inet'}}]} | Parameter 'type' does not accept value 'inet'",
                "{'channels':[{'channel-type':'other','addr':UNIX}]} | Parameter 'channel-type' does not accept value 'other'",
                "{'channels':[{'channel-type':'main'}]}  | Parameter 'channels[0].addr' is missing",
            })
    void whatIsNoAddressIsRefused(String arguments, String said) {
        assertThatThrownBy(() -> read(arguments))
                .isInstanceOf(QmpException.class)
                .hasMessageStartingWith(said);
    }
}
