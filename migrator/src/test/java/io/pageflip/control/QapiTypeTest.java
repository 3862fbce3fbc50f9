package io.pageflip.control;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.pageflip.control.QapiType.Choice;
import io.pageflip.control.QapiType.ListOf;
import io.pageflip.control.QapiType.Member;
import io.pageflip.control.QapiType.Struct;
import io.pageflip.qmp.QmpError;
import io.pageflip.qmp.QmpException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class QapiTypeTest {
    private static final ObjectMapper JSON = new ObjectMapper();

    private static final Struct INNER = new Struct(
            "Inner",
            List.of(
                    Member.required("kind", new Choice("Kind", List.of("one", "two"))),
                    Member.required("state", QapiType.BOOL)));
    private static final Struct ARGUMENTS = new Struct(
            "q_arguments",
            List.of(
                    Member.required("name", QapiType.STR),
                    Member.optional("count", QapiType.INT),
                    Member.optional("rate", QapiType.NUMBER),
                    Member.optional("any", QapiType.ANY),
                    Member.optional("list", new ListOf(INNER)),
                    Member.optional("inner", INNER)));

    private static JsonNode json(String text) throws JsonProcessingException {
        return JSON.readTree(text.replace('\'', '"'));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{'name':''}",
                "{'name':'x','count':-9223372036854775808,'rate':1.5}",
                "{'name':'x','count':9223372036854775807,'rate':2}",
                "{'name':'x','any':null}",
                "{'name':'x','any':[{'a':1}]}",
                "{'name':'x','list':[]}",
                "{'name':'x','list':[{'kind':'one','state':true},{'state':false,'kind':'two'}]}",
                "{'inner':{'kind':'two','state':false},'name':'x'}",
            })
    void takesWhatIsDescribed(String arguments) {
        assertThatCode(() -> ARGUMENTS.check("", json(arguments))).doesNotThrowAnyException();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "{}                                     | Parameter 'name' is missing",
                "{'name':null}                          | Invalid parameter type for 'name', expected: string",
                "{'name':1}                             | Invalid parameter type for 'name', expected: string",
                "{'name':'x','count':'1'}               | Invalid parameter type for 'count', expected: integer",
                "{'name':'x','count':1.0}               | Invalid parameter type for 'count', expected: integer",
                "{'name':'x','count':9223372036854775808} | Invalid parameter type for 'count', expected: integer",
                "{'name':'x','rate':true}               | Invalid parameter type for 'rate', expected: number",
                "{'name':'x','list':{}}                 | Invalid parameter type for 'list', expected: array",
                "{'name':'x','list':[1]}                | Invalid parameter type for 'list[0]', expected: object",
                "{'name':'x','list':[{'kind':'one','state':true},{'kind':'one'}]} | Parameter 'list[1].state' is missing",
                "{'name':'x','list':[{'kind':'one','state':1}]} | Invalid parameter type for 'list[0].state', expected: boolean",
                "{'name':'x','list':[{'kind':1,'state':true}]} | Invalid parameter type for 'list[0].kind', expected: string",
                "{'name':'x','list':[{'kind':'ONE','state':true}]} | Parameter 'kind' does not accept value 'ONE'",
                "{'name':'x','inner':[]}                | Invalid parameter type for 'inner', expected: object",
                "{'name':'x','inner':{'kind':'one','state':true,'more':1}} | Parameter 'inner.more' is unexpected",
                "{'name':'x','Name':'x'}                | Parameter 'Name' is unexpected",
            })
    void refusesAllElseInQemusWords(String arguments, String said) {
        assertThatThrownBy(() -> ARGUMENTS.check("", json(arguments)))
                .isInstanceOfSatisfying(
                        QmpException.class, e -> assertThat(e.error().kind()).isEqualTo(QmpError.GENERIC))
                .hasMessage(said);
    }

    @Test
    void describesItselfAndWhatItConsistsOfOnce() throws JsonProcessingException {
        Map<String, ObjectNode> schema = new LinkedHashMap<>();
        ARGUMENTS.describe(schema);
        ARGUMENTS.describe(schema);

        assertThat(schema)
                .containsOnlyKeys("q_arguments", "str", "int", "number", "any", "[Inner]", "Inner", "Kind", "bool");
        assertThat(schema.get("Inner"))
                .isEqualTo(json("{'name':'Inner','meta-type':'object','members':["
                        + "{'name':'kind','type':'Kind'},{'name':'state','type':'bool'}]}"));
        assertThat(schema.get("q_arguments"))
                .isEqualTo(json("{'name':'q_arguments','meta-type':'object','members':[{'name':'name','type':'str'},"
                        + "{'name':'count','type':'int','default':null},{'name':'rate','type':'number','default':null},"
                        + "{'name':'any','type':'any','default':null},{'name':'list','type':'[Inner]','default':null},"
                        + "{'name':'inner','type':'Inner','default':null}]}"));
        assertThat(schema.get("[Inner]"))
                .isEqualTo(json("{'name':'[Inner]','meta-type':'array','element-type':'Inner'}"));
        assertThat(schema.get("Kind"))
                .isEqualTo(json("{'name':'Kind','meta-type':'enum','members':[{'name':'one'},{'name':'two'}],"
                        + "'values':['one','two']}"));
        assertThat(schema.get("int")).isEqualTo(json("{'name':'int','meta-type':'builtin','json-type':'int'}"));
        assertThat(schema.get("str")).isEqualTo(json("{'name':'str','meta-type':'builtin','json-type':'string'}"));
        assertThat(schema.get("any")).isEqualTo(json("{'name':'any','meta-type':'builtin','json-type':'value'}"));
        assertThat(schema.get("bool")).isEqualTo(json("{'name':'bool','meta-type':'builtin','json-type':'boolean'}"));
    }
}
