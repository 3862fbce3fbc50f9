package io.pageflip.json;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.pageflip.metrics.CopyReason;
import io.pageflip.metrics.DeclineReason;
import io.pageflip.metrics.Failure;
import io.pageflip.metrics.Owner;
import io.pageflip.prediction.Costs;
import io.pageflip.qemu.QemuMode;
import io.pageflip.request.Mechanism;
import io.pageflip.request.Schedule;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The schemas themselves. What pageflip writes is held against them in {@code SchemaIT}, and in every report of a test.
 */
final class JsonSchemasTest {
    private static final ObjectMapper MAPPER = new ObjectMapper();

    static Stream<String> names() {
        return JsonSchemas.texts().keySet().stream();
    }

    @Test
    void thereIsOneForEachDocument() {
        assertThat(names())
                .containsExactly(
                        "check.schema.json",
                        "comparison.schema.json",
                        "costs.schema.json",
                        "migration.schema.json",
                        "observation.schema.json",
                        "request.schema.json",
                        "simulation.schema.json");
    }

    @ParameterizedTest
    @MethodSource("names")
    void isASchemaOfDraft202012(String name) throws JsonProcessingException {
        JsonNode schema = schema(name);

        assertThat(schema.path("$schema").asText()).isEqualTo("https://json-schema.org/draft/2020-12/schema");
        assertThat(schema.path("title").asText()).startsWith("pageflip");
        assertThat(JsonSchemas.problemsOfSchema(schema)).isEmpty();
    }

    /** Whatever has a name is described, times with their unit, and no object takes a name that is not. */
    @ParameterizedTest
    @MethodSource("names")
    void describesEveryFieldAndAllowsNoOther(String name) throws JsonProcessingException {
        assertDescribed(name, schema(name));
    }

    private static void assertDescribed(String where, JsonNode schema) {
        for (Map.Entry<String, JsonNode> property : schema.path("properties").properties()) {
            JsonNode field = property.getValue();
            String path = where + "/" + property.getKey();
            boolean elsewhere = field.has("$ref");
            assertThat(field.path("description").asText(elsewhere ? "." : ""))
                    .as(path)
                    .endsWith(".");
            if (property.getKey().endsWith("-ns") && !elsewhere) {
                assertThat(field.path("description").asText()).as(path).containsIgnoringCase("nanoseconds");
            }
            assertDescribed(path, field);
        }
        if (schema.has("properties")) {
            assertThat(schema.path("title").asText()).as("title of " + where).isNotBlank();
            boolean open = schema.path("additionalProperties").asBoolean(true)
                    && schema.path("unevaluatedProperties").asBoolean(true);
            // The options of a migration are closed where they are used.
            assertThat(open).as("more fields in " + where).isEqualTo(where.equals("request.schema.json/options"));
        }
        for (String part : List.of("items", "additionalProperties")) {
            if (schema.path(part).isObject()) {
                assertDescribed(where + "/" + part, schema.path(part));
            }
        }
        schema.path("$defs").properties().forEach(def -> assertDescribed(where + "/" + def.getKey(), def.getValue()));
    }

    @Test
    void hasTheWordsOfTheProgram() throws JsonProcessingException {
        assertThat(words("request.schema.json", "/$defs/options/properties/mechanism/enum"))
                .containsExactlyInAnyOrderElementsOf(constants(Mechanism.values()));
        assertThat(words("request.schema.json", "/$defs/options/properties/schedule/enum"))
                .containsExactlyInAnyOrderElementsOf(constants(Schedule.values()));
        for (String modes : List.of(
                "/properties/request/properties/qemu-mode/items/enum", "/$defs/qemu-options/properties/mode/enum")) {
            assertThat(words("comparison.schema.json", modes))
                    .containsExactlyInAnyOrderElementsOf(constants(QemuMode.values()));
        }
        assertThat(words("migration.schema.json", "/$defs/pages/properties/copy-reasons/propertyNames/enum"))
                .containsExactlyInAnyOrderElementsOf(constants(CopyReason.values()));
        assertThat(words("migration.schema.json", "/$defs/pages/properties/decline-reasons/propertyNames/enum"))
                .containsExactlyInAnyOrderElementsOf(constants(DeclineReason.values()));
        assertThat(words("migration.schema.json", "/$defs/run/properties/owner/enum"))
                .containsExactlyInAnyOrderElementsOf(constants(Owner.values()));
        assertThat(words("migration.schema.json", "/$defs/error/properties/class/enum"))
                .containsExactlyInAnyOrderElementsOf(constants(Failure.Kind.values()));
    }

    @Test
    void costsKeepToTheirs() throws JsonProcessingException {
        Costs costs = new Costs(Costs.SCHEMA, "a host", Map.of("flip", new Costs.Cost(12_000, 35.5)));

        assertThat(JsonSchemas.problems(MAPPER.readTree(costs.json()))).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{'schema': 'pageflip.costs/1'}",
                "{'schema': 'pageflip.costs/2', 'mechanisms': {}}",
                "{'schema': 'pageflip.costs/1', 'mechanisms': {'walk': {'fixed-ns': 1, 'ns-per-page': 1}}}",
                "{'schema': 'pageflip.costs/1', 'mechanisms': {'flip': {'fixed-ns': -1, 'ns-per-page': 1}}}",
                "{'schema': 'pageflip.costs/1', 'mechanisms': {'flip': {'fixed-ns': '1', 'ns-per-page': 1}}}",
                "{'schema': 'pageflip.costs/1', 'mechanisms': {'flip': {'fixed-ns': 1}}}",
                "{'schema': 'pageflip.costs/1', 'mechanisms': {}, 'currency': 'EUR'}",
                "{'schema': 'pageflip.check/1'}",
            })
    void aBrokenDocumentIsRefused(String document) throws JsonProcessingException {
        assertThat(JsonSchemas.problems(MAPPER.readTree(document.replace('\'', '"'))))
                .isNotEmpty();
    }

    private static JsonNode schema(String name) throws JsonProcessingException {
        return MAPPER.readTree(JsonSchemas.texts().get(name));
    }

    private static Set<String> words(String schema, String pointer) throws JsonProcessingException {
        Set<String> words = new TreeSet<>();
        schema(schema).at(pointer).forEach(word -> words.add(word.asText()));
        return words;
    }

    private static List<String> constants(Enum<?>[] values) {
        return Arrays.stream(values).map(Object::toString).toList();
    }
}
