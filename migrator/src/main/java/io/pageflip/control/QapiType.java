package io.pageflip.control;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.pageflip.qmp.QmpException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;

/**
 * The type of an argument or a result: checks values, and describes itself in QEMU's schema language
 * (docs/devel/qapi-code-gen.rst, "Client JSON Protocol introspection"). Error texts are QEMU's. Immutable.
 */
sealed interface QapiType {
    QapiType STR = new Builtin("str", "string", JsonNode::isTextual);
    QapiType INT = new Builtin("int", "integer", value -> value.isIntegralNumber() && value.canConvertToLong());
    QapiType NUMBER = new Builtin("number", "number", JsonNode::isNumber);
    QapiType BOOL = new Builtin("bool", "boolean", JsonNode::isBoolean);

    /** Anything; for results whose members are described in docs/qmp.md. */
    QapiType ANY = new Builtin("any", "value", value -> true);

    /** Its name in the schema. */
    String name();

    /**
     * Checks a value.
     *
     * @param path of the value among the arguments, such as {@code capabilities[0].state}
     */
    void check(String path, JsonNode value) throws QmpException;

    /** Adds this type, and those that it consists of, to a schema: by name. */
    void describe(Map<String, ObjectNode> schema);

    /** A type of JSON itself. */
    record Builtin(String name, String word, Predicate<JsonNode> holds) implements QapiType {
        @Override
        public void check(String path, JsonNode value) throws QmpException {
            if (!holds.test(value)) {
                throw wrongType(path, word);
            }
        }

        @Override
        public void describe(Map<String, ObjectNode> schema) {
            schema.computeIfAbsent(name, key -> entry(key, "builtin").put("json-type", jsonType()));
        }

        private String jsonType() {
            return switch (name) {
                case "int" -> "int";
                case "any" -> "value";
                default -> word;
            };
        }
    }

    /** One of some words. */
    record Choice(String name, List<String> values) implements QapiType {
        public Choice {
            values = List.copyOf(values);
        }

        @Override
        public void check(String path, JsonNode value) throws QmpException {
            if (!value.isTextual()) {
                throw wrongType(path, "string");
            }
            if (!values.contains(value.asText())) {
                String last = path.substring(path.lastIndexOf('.') + 1);
                throw QmpException.generic("Parameter '" + last + "' does not accept value '" + value.asText() + "'");
            }
        }

        @Override
        public void describe(Map<String, ObjectNode> schema) {
            schema.computeIfAbsent(name, key -> {
                ObjectNode described = entry(key, "enum");
                values.forEach(
                        value -> described.withArray("members").addObject().put("name", value));
                values.forEach(described.withArray("values")::add); // as versions before 6.2 have it
                return described;
            });
        }
    }

    /** A list. */
    record ListOf(QapiType element) implements QapiType {
        @Override
        public String name() {
            return "[" + element.name() + "]";
        }

        @Override
        public void check(String path, JsonNode value) throws QmpException {
            if (!value.isArray()) {
                throw wrongType(path, "array");
            }
            for (int i = 0; i < value.size(); i++) {
                element.check(path + "[" + i + "]", value.get(i));
            }
        }

        @Override
        public void describe(Map<String, ObjectNode> schema) {
            schema.computeIfAbsent(name(), key -> entry(key, "array").put("element-type", element.name()));
            element.describe(schema);
        }
    }

    /** An object with members. */
    record Struct(String name, List<Member> members) implements QapiType {
        /** No members. */
        static final Struct EMPTY = new Struct("q_empty", List.of());

        public Struct {
            members = List.copyOf(members);
        }

        @Override
        public void check(String path, JsonNode value) throws QmpException {
            if (!value.isObject()) {
                throw wrongType(path, "object");
            }
            String prefix = path.isEmpty() ? "" : path + ".";
            Map<String, QapiType> types = new LinkedHashMap<>();
            for (Member member : members) {
                types.put(member.name(), member.type());
                if (!member.optional() && !value.has(member.name())) {
                    throw QmpException.generic("Parameter '" + prefix + member.name() + "' is missing");
                }
            }
            for (Map.Entry<String, JsonNode> given : value.properties()) {
                QapiType type = types.get(given.getKey());
                if (type == null) {
                    throw QmpException.generic("Parameter '" + prefix + given.getKey() + "' is unexpected");
                }
                type.check(prefix + given.getKey(), given.getValue());
            }
        }

        @Override
        public void describe(Map<String, ObjectNode> schema) {
            if (schema.containsKey(name)) {
                return;
            }
            ObjectNode described = entry(name, "object");
            schema.put(name, described);
            described.putArray("members");
            for (Member member : members) {
                ObjectNode line = described
                        .withArray("members")
                        .addObject()
                        .put("name", member.name())
                        .put("type", member.type().name());
                if (member.optional()) {
                    line.putNull("default");
                }
                member.type().describe(schema);
            }
        }
    }

    /** A member of an object. */
    record Member(String name, QapiType type, boolean optional) {
        static Member required(String name, QapiType type) {
            return new Member(name, type, false);
        }

        static Member optional(String name, QapiType type) {
            return new Member(name, type, true);
        }
    }

    private static ObjectNode entry(String name, String metaType) {
        return JsonNodeFactory.instance.objectNode().put("name", name).put("meta-type", metaType);
    }

    private static QmpException wrongType(String path, String expected) {
        return QmpException.generic("Invalid parameter type for '" + path + "', expected: " + expected);
    }
}
