package io.pageflip.control;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.pageflip.agent.MigrationControl;
import io.pageflip.channel.Cancellation;
import io.pageflip.channel.SocketFile;
import io.pageflip.destination.SourceListener;
import io.pageflip.guest.VirtualMachine;
import io.pageflip.metrics.Progress;
import io.pageflip.metrics.RunResult;
import io.pageflip.migration.AgentOutcome;
import io.pageflip.migration.AgentRole;
import io.pageflip.os.NanoClock;
import io.pageflip.qmp.QmpEvent;
import io.pageflip.qmp.QmpServer;
import io.pageflip.request.MigrationRequest;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Serves QMP at a Unix socket for one agent of this process; owns the socket, and the agent's settings. */
public final class ControlServer implements AutoCloseable {
    private static final String MIGRATION_EVENTS = "MIGRATION";
    private static final int VERSION_PARTS = 3;

    /** How long an agent that migrates once stays for a client that asks again and again how the migration is. */
    private static final int LINGER_MS = 200;

    private final MigrationSettings settings;
    private final ControlledAgent agent;
    private final MigrationCommands commands;
    private final QmpServer server;

    /**
     * What the command line says about the migrations to come.
     *
     * @param request what was asked for
     * @param namesTheWay whether the mechanism or the schedule was asked for, and not left to QEMU's words
     * @param pausesBeforeSwitchover the first value of the capability {@code pause-before-switchover}
     */
    public record Typed(MigrationRequest request, boolean namesTheWay, boolean pausesBeforeSwitchover) {}

    /**
     * Makes the socket. Clients can connect, and are served as long as the agent does something.
     *
     * @param version of pageflip, such as {@code 0.1.0}
     * @param cancellation ends the agent
     * @param progress of the migration that runs
     * @param observer is told who connects to a destination
     * @throws io.pageflip.request.RefusedException if this process cannot listen at {@code path}
     */
    public ControlServer(
            String path,
            Typed typed,
            String version,
            Cancellation cancellation,
            Progress progress,
            SourceListener.Observer observer)
            throws IOException {
        this.settings = new MigrationSettings(typed.request(), typed.namesTheWay(), typed.pausesBeforeSwitchover());
        this.agent = new ControlledAgent(cancellation, progress, NanoClock.SYSTEM, this::send);
        this.commands = new MigrationCommands(agent, settings, NanoClock.SYSTEM, observer);
        this.server = new QmpServer(SocketFile.listen(path), path, commands.table(version(version)));
    }

    /** As {@link ControlledAgent#once}; meanwhile, clients are served. */
    public RunResult once(AgentRole role, MigrationControl control, MigrationRequest request, AgentOutcome.Work work)
            throws IOException {
        server.start();
        try {
            return agent.once(role, control, request, work);
        } finally {
            server.linger(LINGER_MS);
        }
    }

    /** As {@link ControlledAgent#run}; meanwhile, clients are served. */
    public ControlledAgent.Ending run(@Nullable VirtualMachine first, boolean verify) throws IOException {
        server.start();
        return agent.run(first, verify);
    }

    private void send(QmpEvent event) {
        if (!event.name().startsWith(MIGRATION_EVENTS) || settings.has(MigrationSettings.EVENTS)) {
            server.send(event);
        }
    }

    /** QEMU's form of a version; what is no number in it is left out. */
    private static ObjectNode version(String version) {
        List<Integer> parts = new ArrayList<>();
        for (String part : version.replaceAll("[^0-9.]", "").split("\\.", -1)) {
            parts.add(part.isEmpty() ? 0 : Integer.parseInt(part));
        }
        while (parts.size() < VERSION_PARTS) {
            parts.add(0);
        }
        ObjectNode json = JsonNodeFactory.instance.objectNode();
        json.putObject("qemu")
                .put("major", parts.get(0))
                .put("minor", parts.get(1))
                .put("micro", parts.get(2));
        return json.put("package", "pageflip " + version);
    }

    /** Ends the connection to the client, and removes the socket. */
    @Override
    public void close() {
        server.close();
        commands.close();
    }
}
