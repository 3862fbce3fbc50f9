package io.pageflip.control;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.pageflip.agent.MigrationControl;
import io.pageflip.channel.SocketFile;
import io.pageflip.destination.ConnectedSource;
import io.pageflip.destination.SourceListener;
import io.pageflip.migration.AgentRole;
import io.pageflip.os.Fd;
import io.pageflip.os.NanoClock;
import io.pageflip.os.Resources;
import io.pageflip.os.UnixSocket;
import io.pageflip.qmp.QmpCommands;
import io.pageflip.qmp.QmpException;
import io.pageflip.request.Mechanism;
import io.pageflip.request.MigrationRequest;
import io.pageflip.request.Schedule;
import io.pageflip.source.ConnectedDestination;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The commands of an agent: QEMU's names, arguments, results and errors (qapi/migration.json, qapi/machine.json,
 * qapi/misc.json). Used by the server's thread.
 */
final class MigrationCommands {
    private static final String NAME = "pageflip";
    private static final String NOT_ENABLED =
            "Enable postcopy with migrate_set_capability before the start of migration";

    private final ControlledAgent agent;
    private final MigrationSettings settings;
    private final MigrationQuery query;
    private final NanoClock clock;
    private final SourceListener.Observer observer;
    private final Map<String, Fd> descriptors = new HashMap<>();

    /**
     * The commands of one agent.
     *
     * @param observer is told who connects, on the agent's thread
     */
    MigrationCommands(
            ControlledAgent agent, MigrationSettings settings, NanoClock clock, SourceListener.Observer observer) {
        this.agent = agent;
        this.settings = settings;
        this.clock = clock;
        this.observer = observer;
        this.query = new MigrationQuery(agent, settings, clock);
    }

    /** A table of all of them. */
    CommandTable table(ObjectNode version) {
        List<Command> commands = new ArrayList<>();
        commands.add(CommandTable.query("query-name", (arguments, passed) -> object().put("name", NAME)));
        commands.add(CommandTable.query("query-status", (arguments, passed) -> status()));
        commands.add(CommandTable.query("query-cpus-fast", (arguments, passed) -> cpus()));
        commands.add(CommandTable.query("query-migrate", (arguments, passed) -> query.json()));
        commands.add(CommandTable.query("query-migrate-parameters", (arguments, passed) -> settings.parameters()));
        commands.add(CommandTable.query("query-migrate-capabilities", (arguments, passed) -> settings.capabilities()));
        commands.add(command("migrate-set-parameters", MigrationSettings.PARAMETERS, this::setParameters));
        commands.add(
                command("migrate-set-capabilities", MigrationSettings.CAPABILITY_ARGUMENTS, this::setCapabilities));
        commands.add(command("migrate", migrateArguments(), this::migrate));
        commands.add(command("migrate-incoming", MigrationAddress.ARGUMENTS, this::migrateIncoming));
        commands.add(command("migrate_cancel", List.of(), (arguments, passed) -> cancel()));
        commands.add(command("migrate-start-postcopy", List.of(), (arguments, passed) -> startPostcopy()));
        commands.add(command(
                "migrate-continue",
                List.of(QapiType.Member.required(
                        "state", new QapiType.Choice("MigrationStatus", MigrationQuery.STATUSES))),
                this::goOn));
        commands.add(new Command(
                "migrate-pause", List.of(), QapiType.Struct.EMPTY, true, (arguments, passed) -> breakConnection()));
        commands.add(new Command(
                "migrate-recover",
                List.of(QapiType.Member.required("uri", QapiType.STR)),
                QapiType.Struct.EMPTY,
                true,
                (arguments, passed) -> recover()));
        commands.add(command("stop", List.of(), (arguments, passed) -> setPaused(true)));
        commands.add(command("cont", List.of(), (arguments, passed) -> setPaused(false)));
        commands.add(command("quit", List.of(), (arguments, passed) -> quit()));
        commands.add(command("getfd", List.of(QapiType.Member.required("fdname", QapiType.STR)), this::getDescriptor));
        commands.add(
                command("closefd", List.of(QapiType.Member.required("fdname", QapiType.STR)), this::closeDescriptor));
        commands.add(new Command(
                "human-monitor-command",
                List.of(
                        QapiType.Member.required("command-line", QapiType.STR),
                        QapiType.Member.optional("cpu-index", QapiType.INT)),
                QapiType.STR,
                false,
                (arguments, passed) -> JsonNodeFactory.instance.textNode(new HumanMonitor(agent, query)
                        .execute(arguments.path("command-line").asText()))));
        return new CommandTable(version, commands, events());
    }

    private static Map<String, QapiType.Struct> events() {
        Map<String, QapiType.Struct> events = new LinkedHashMap<>();
        events.put("STOP", QapiType.Struct.EMPTY);
        events.put("RESUME", QapiType.Struct.EMPTY);
        events.put(
                "SHUTDOWN",
                new QapiType.Struct(
                        "q_SHUTDOWN-arg",
                        List.of(
                                QapiType.Member.required("guest", QapiType.BOOL),
                                QapiType.Member.required("reason", QapiType.STR))));
        events.put(
                "MIGRATION",
                new QapiType.Struct(
                        "q_MIGRATION-arg",
                        List.of(QapiType.Member.required(
                                "status", new QapiType.Choice("MigrationStatus", MigrationQuery.STATUSES)))));
        events.put(
                "MIGRATION_PASS",
                new QapiType.Struct("q_MIGRATION_PASS-arg", List.of(QapiType.Member.required("pass", QapiType.INT))));
        return events;
    }

    private static Command command(String name, List<QapiType.Member> arguments, Command.Action action) {
        return new Command(name, arguments, QapiType.Struct.EMPTY, false, action);
    }

    private static List<QapiType.Member> migrateArguments() {
        List<QapiType.Member> arguments = new ArrayList<>(MigrationAddress.ARGUMENTS);
        arguments.add(QapiType.Member.optional("detach", QapiType.BOOL));
        arguments.add(QapiType.Member.optional("resume", QapiType.BOOL));
        return arguments;
    }

    private static ObjectNode object() {
        return JsonNodeFactory.instance.objectNode();
    }

    private ObjectNode status() {
        String state = agent.runState();
        return object().put("status", state).put("running", state.equals("running"));
    }

    private ArrayNode cpus() {
        ArrayNode cpus = JsonNodeFactory.instance.arrayNode();
        List<Integer> threads = agent.threadIds();
        for (int i = 0; i < threads.size(); i++) {
            cpus.addObject()
                    .put("cpu-index", i)
                    .put("qom-path", "/machine/vcpu[" + i + "]")
                    .put("thread-id", threads.get(i))
                    .put("target", System.getProperty("os.arch").equals("aarch64") ? "aarch64" : "x86_64");
        }
        return cpus;
    }

    private ObjectNode setParameters(ObjectNode arguments, QmpCommands.Passed passed) throws QmpException {
        settings.setParameters(arguments);
        MigrationRun run = agent.migration();
        if (run != null && agent.isMigrating()) {
            run.control().setLimits(settings.limits(run.request().limits()));
            run.control().setThrottling(settings.throttling());
        }
        return object();
    }

    private ObjectNode setCapabilities(ObjectNode arguments, QmpCommands.Passed passed) throws QmpException {
        JsonNode wanted = arguments.path("capabilities");
        if (agent.isMigrating() && !MigrationSettings.onlyChangeWhatIsTold(wanted)) {
            throw QmpException.generic("There's a migration process in progress");
        }
        settings.setCapabilities(wanted);
        return object();
    }

    private ObjectNode migrate(ObjectNode arguments, QmpCommands.Passed unused) throws QmpException {
        if (arguments.path("resume").asBoolean()) {
            return resume();
        }
        MigrationAddress address = MigrationAddress.of(arguments);
        MigrationRequest request = settings.request(agent.guestConfig());
        MigrationControl control = new MigrationControl(agent.newCancellation(), settings.has(MigrationSettings.PAUSE));
        control.setThrottling(settings.throttling());
        boolean passed = address.kind() == MigrationAddress.Kind.FD;
        if (passed && request.mechanism() == Mechanism.PULL) {
            throw QmpException.generic(
                    "a postcopy by pulls must know its peer's process: use unix:PATH, not " + address);
        }
        Fd socket = passed ? takeDescriptor(address.name()) : null;
        MigrationRun run = new MigrationRun(AgentRole.SOURCE, request, control, clock.nanoTime());
        begin(run, (running, outcome) -> agent.give(running, outcome, () -> connect(address, socket, running)), socket);
        return object();
    }

    private ConnectedDestination connect(MigrationAddress address, @Nullable Fd socket, MigrationRun run)
            throws IOException {
        if (socket != null) {
            return ConnectedDestination.over(
                    socket, run.request().channel(), clock, run.control().cancellation());
        }
        return ConnectedDestination.connect(
                address.name(), run.request().channel(), clock, run.control().cancellation());
    }

    private void begin(MigrationRun run, ControlledAgent.Task task, @Nullable AutoCloseable owned) throws QmpException {
        boolean begun = false;
        try {
            agent.begin(run, task);
            begun = true;
        } finally {
            if (!begun && owned != null) {
                Resources.closeAll(new ArrayDeque<>(List.of(owned)));
            }
        }
    }

    private ObjectNode migrateIncoming(ObjectNode arguments, QmpCommands.Passed passed) throws QmpException {
        MigrationAddress address = MigrationAddress.of(arguments);
        MigrationControl control = new MigrationControl(agent.newCancellation());
        MigrationRun run =
                new MigrationRun(AgentRole.DESTINATION, settings.incomingRequest(), control, clock.nanoTime());
        if (address.kind() == MigrationAddress.Kind.FD) {
            Fd socket = takeDescriptor(address.name());
            begin(
                    run,
                    (running, outcome) -> agent.take(
                            running,
                            outcome,
                            () -> ConnectedSource.acceptPassed(
                                    UnixSocket.of(socket), address.toString(), clock, control.cancellation())),
                    socket);
            return object();
        }
        UnixSocket listener = listen(address.name());
        begin(
                run,
                (running, outcome) -> agent.take(
                        running,
                        outcome,
                        () -> SourceListener.accept(listener, address.name(), observer, clock, control.cancellation())),
                () -> {
                    UnixSocket.unlink(address.name());
                    listener.close();
                });
        return object();
    }

    private static UnixSocket listen(String path) throws QmpException {
        try {
            return SocketFile.listen(path);
        } catch (IOException e) {
            throw QmpException.generic("Failed to bind socket to " + e.getMessage());
        }
    }

    private ObjectNode resume() throws QmpException {
        MigrationRun run = agent.migration();
        if (run == null || run.role() != AgentRole.SOURCE || !run.status().equals("postcopy-paused")) {
            throw QmpException.generic("Cannot resume if there is no paused migration");
        }
        run.control().recover();
        return object();
    }

    private ObjectNode recover() throws QmpException {
        MigrationRun run = agent.migration();
        if (run == null || run.role() != AgentRole.DESTINATION || !run.status().equals("postcopy-paused")) {
            throw QmpException.generic("Migrate recover can only be run when postcopy is paused.");
        }
        run.control().recover();
        return object();
    }

    private ObjectNode breakConnection() throws QmpException {
        MigrationRun run = agent.migration();
        if (run == null || !run.status().startsWith("postcopy-") || run.status().equals("postcopy-paused")) {
            throw QmpException.generic(
                    "migrate-pause is currently only supported during postcopy-active or " + "postcopy-recover state");
        }
        run.control().breakConnection();
        return object();
    }

    /** Always succeeds, as QEMU's. */
    private ObjectNode cancel() {
        agent.cancelMigration("cancelled by 'migrate_cancel'");
        return object();
    }

    private ObjectNode startPostcopy() throws QmpException {
        MigrationRun run = agent.migration();
        boolean enabled = settings.has(MigrationSettings.POSTCOPY);
        if (run == null || run.role() != AgentRole.SOURCE || !agent.isMigrating()) {
            throw QmpException.generic(
                    enabled ? "Postcopy must be started after migration has been started" : NOT_ENABLED);
        }
        MigrationRequest request = run.request();
        if (request.mechanism() != Mechanism.PULL && request.schedule() != Schedule.POSTCOPY) {
            throw QmpException.generic(
                    enabled
                            ? "this migration, by '" + request.mechanism() + "', cannot become a postcopy: before it"
                                    + " starts, set __io.pageflip_mechanism to 'auto' or 'pull'"
                            : NOT_ENABLED);
        }
        run.control().startPostcopy();
        return object();
    }

    private ObjectNode goOn(ObjectNode arguments, QmpCommands.Passed passed) throws QmpException {
        MigrationRun run = agent.migration();
        String wanted = arguments.path("state").asText();
        String status = run == null ? "none" : run.status();
        if (!status.equals(wanted) || run == null) {
            throw QmpException.generic("Migration not in expected state: " + status);
        }
        run.control().goOn();
        return object();
    }

    private ObjectNode setPaused(boolean paused) throws QmpException {
        agent.setPaused(paused);
        return object();
    }

    private ObjectNode quit() {
        agent.quit();
        return object();
    }

    private ObjectNode getDescriptor(ObjectNode arguments, QmpCommands.Passed passed) throws QmpException {
        String name = arguments.path("fdname").asText();
        if (name.isEmpty() || Character.isDigit(name.charAt(0))) {
            throw QmpException.generic("Parameter 'fdname' expects a name not starting with a digit");
        }
        Fd received = passed.take();
        if (received == null) {
            throw QmpException.generic("No file descriptor supplied via SCM_RIGHTS");
        }
        Fd former = descriptors.put(name, received);
        if (former != null) {
            former.close();
        }
        return object();
    }

    private ObjectNode closeDescriptor(ObjectNode arguments, QmpCommands.Passed passed) throws QmpException {
        takeDescriptor(arguments.path("fdname").asText()).close();
        return object();
    }

    private Fd takeDescriptor(String name) throws QmpException {
        Fd found = descriptors.remove(name);
        if (found == null) {
            throw QmpException.generic("File descriptor named '" + name + "' has not been found");
        }
        return found;
    }

    /** Closes the descriptors that nobody has used. */
    void close() {
        Resources.closeAll(new ArrayDeque<>(descriptors.values()));
    }
}
