package io.pageflip.qemu;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.pageflip.os.NanoClock;
import io.pageflip.os.WaitGuard;
import io.pageflip.qmp.QmpClient;
import io.pageflip.qmp.QmpException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A QEMU program, and what it can do: it was asked.
 *
 * @param program as it was named
 * @param version as {@code 10.0.2}
 * @param refusals for each mode that it lacks, what it says itself when it is asked for it
 */
public record QemuBinary(String program, String version, Map<QemuMode, String> refusals) {
    private static final long TIMEOUT_NS = 60_000_000_000L;

    public QemuBinary {
        refusals = Map.copyOf(refusals);
    }

    /**
     * Starts the program without a machine, asks, and ends it.
     *
     * @throws IOException if it cannot be started, or does not speak QMP
     */
    public static QemuBinary ask(String program, WaitGuard guard) throws IOException, InterruptedException {
        try (QemuFolder folder = QemuFolder.create(0)) {
            Path socket = folder.path("ask.qmp");
            List<String> line = List.of(
                    program, "-M", "none", "-nodefaults", "-display", "none", "-S", "-qmp", QemuProcess.server(socket));
            try (QemuProcess qemu = QemuProcess.start(line, folder.path("ask.err"))) {
                WaitGuard alive = () -> {
                    guard.check();
                    qemu.requireAlive();
                };
                QmpClient client = qemu.connect(socket, NanoClock.SYSTEM, alive, TIMEOUT_NS);
                JsonNode version = client.version().path("qemu");
                Map<QemuMode, String> refusals = new EnumMap<>(QemuMode.class);
                for (QemuMode mode : QemuMode.values()) {
                    String refusal = refusal(client, mode);
                    if (refusal != null) {
                        refusals.put(mode, refusal);
                    }
                }
                return new QemuBinary(
                        program,
                        version.path("major").asInt() + "."
                                + version.path("minor").asInt() + "."
                                + version.path("micro").asInt(),
                        refusals);
            }
        }
    }

    private static @Nullable String refusal(QmpClient client, QemuMode mode) throws IOException, InterruptedException {
        try {
            for (String capability : mode.capabilities()) {
                set(client, capability, true);
                set(client, capability, false);
            }
            if (mode.mode() != null) {
                client.execute("migrate-set-parameters", object().put("mode", mode.mode()));
                client.execute("migrate-set-parameters", object().put("mode", "normal"));
            }
            if (mode.parameter() != null
                    && !client.execute("query-migrate-parameters").has(mode.parameter())) {
                return "it has no migration parameter " + mode.parameter();
            }
            return null;
        } catch (QmpException e) {
            return e.error().description();
        }
    }

    private static void set(QmpClient client, String capability, boolean on) throws IOException, InterruptedException {
        ObjectNode arguments = object();
        arguments
                .putArray("capabilities")
                .addObject()
                .put("capability", capability)
                .put("state", on);
        client.execute("migrate-set-capabilities", arguments);
    }

    private static ObjectNode object() {
        return JsonNodeFactory.instance.objectNode();
    }

    /** Why it cannot do this; null if it can. */
    public @Nullable String whyNot(QemuMode mode) {
        return refusals.get(mode);
    }

    /** {@code qemu 10.0.2}. */
    public String name() {
        return "qemu " + version;
    }
}
