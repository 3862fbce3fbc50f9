package io.pageflip.json;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.networknt.schema.Error;
import com.networknt.schema.Schema;
import com.networknt.schema.SchemaLocation;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SpecificationVersion;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;

/** The JSON Schemas in {@code docs/json}, and whether a document keeps to its own. Reads nothing from a network. */
public final class JsonSchemas {
    private static final Path FOLDER = Path.of("../docs/json");
    private static final String SUFFIX = ".schema.json";

    /** Never fetched: the names of the files are relative to it. */
    private static final String BASE = "https://schemas.example/";

    private static final Map<String, String> TEXTS = read();
    private static final SchemaRegistry REGISTRY =
            SchemaRegistry.withDefaultDialect(SpecificationVersion.DRAFT_2020_12, builder -> builder.schemas(TEXTS));

    private JsonSchemas() {}

    private static Map<String, String> read() {
        Map<String, String> texts = new TreeMap<>();
        try (Stream<Path> files = Files.list(FOLDER)) {
            for (Path file :
                    files.filter(path -> path.toString().endsWith(SUFFIX)).toList()) {
                texts.put(BASE + file.getFileName(), Files.readString(file));
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return texts;
    }

    /** The text of each schema, by its file's name. */
    static Map<String, String> texts() {
        Map<String, String> byName = new TreeMap<>();
        TEXTS.forEach((location, text) -> byName.put(location.substring(BASE.length()), text));
        return byName;
    }

    /** The document keeps to the schema that it names. */
    public static void assertValid(JsonNode document) {
        assertThat(problems(document)).as("%s", document).isEmpty();
    }

    /**
     * The account of one migration keeps to its part of a schema. An agent reports one, and {@code migrate} several.
     */
    public static void assertValidRun(JsonNode run) {
        assertThat(problems("migration.schema.json#/$defs/run", run))
                .as("%s", run)
                .isEmpty();
    }

    /** What the schema that the document names has against it. */
    static List<String> problems(JsonNode document) {
        String name = document.path("schema").asText();
        assertThat(name).matches("pageflip\\.[a-z]+/[0-9]+");
        return problems(name.substring(name.indexOf('.') + 1, name.indexOf('/')) + SUFFIX, document);
    }

    /**
     * What a schema has against a document.
     *
     * @param schema a file's name, with a fragment for a part of it
     */
    static List<String> problems(String schema, JsonNode document) {
        Schema found = REGISTRY.getSchema(SchemaLocation.of(BASE + schema));
        return found.validate(document).stream().map(Error::toString).toList();
    }

    /** What the schema of JSON Schemas has against one. */
    static List<String> problemsOfSchema(JsonNode schema) {
        Schema meta = REGISTRY.getSchema(SchemaLocation.of(SpecificationVersion.DRAFT_2020_12.getDialectId()));
        return meta.validate(schema).stream().map(Error::toString).toList();
    }
}
