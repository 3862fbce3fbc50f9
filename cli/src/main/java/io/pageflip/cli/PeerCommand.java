package io.pageflip.cli;

import io.pageflip.channel.Cancellation;
import io.pageflip.destination.DestinationAgent;
import io.pageflip.destination.DestinationOptions;
import io.pageflip.destination.SourceLink;
import io.pageflip.guest.Guest;
import io.pageflip.guest.VirtualMachine;
import io.pageflip.metrics.Failure;
import io.pageflip.metrics.MigrationStatus;
import io.pageflip.metrics.Owner;
import io.pageflip.metrics.Progress;
import io.pageflip.metrics.RunResult;
import io.pageflip.metrics.VerificationResult;
import io.pageflip.migration.AgentEvent;
import io.pageflip.os.Errno;
import io.pageflip.os.NanoClock;
import io.pageflip.os.SyscallException;
import io.pageflip.request.ChannelKind;
import io.pageflip.source.ConnectedDestination;
import io.pageflip.source.DestinationLink;
import io.pageflip.source.SourceAgent;
import io.pageflip.source.SourceOptions;
import java.io.IOException;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/**
 * {@code pageflip peer}: one of the two agents of {@code migrate --ping-pong}, which starts them; source and
 * destination by turns. The destination of each migration listens at the socket, and the source waits until it does.
 */
@Command(name = "peer", hidden = true, mixinStandardHelpOptions = true, sortOptions = false)
final class PeerCommand implements Callable<Integer> {
    private static final long CONNECT_TIMEOUT_NS = 15_000_000_000L;
    private static final long CONNECT_RETRY_NS = 1_000_000;

    private final Cancellation cancellation;

    @Spec
    private CommandSpec spec;

    @Option(names = "--makes-guest", description = "Makes the guest, and gives it away first.")
    private boolean makesGuest;

    @Option(names = "--socket", required = true, paramLabel = "unix:PATH", converter = Values.Address.class)
    private String socket;

    @Option(names = "--migrations", required = true, paramLabel = "N")
    private int migrations;

    @Option(names = "--channel", paramLabel = "KIND", defaultValue = "unix")
    private ChannelKind channel;

    @Option(names = "--no-move")
    private boolean noMove;

    @Mixin
    private TransferOptions transfer;

    @Mixin
    private GuestOptions guest;

    @Mixin
    private PostcopyOptions late;

    @Mixin
    private RunOptions run;

    PeerCommand(Cancellation cancellation) {
        this.cancellation = cancellation;
    }

    @Override
    public Integer call() throws IOException {
        AgentConsole console = new AgentConsole(makesGuest ? "source" : "destination", run, false, cancellation);
        return console.run(spec, progress -> pass(console, progress));
    }

    /** Migrations, one after the other, until the last one, or one that failed. */
    private RunResult pass(AgentConsole console, Progress progress) throws IOException {
        SourceOptions options = SourceCommand.options(transfer, guest, run, channel == ChannelKind.PIPE);
        boolean gives = makesGuest;
        VirtualMachine machine = null;
        try {
            for (int i = 1; ; i++) {
                RunResult result;
                console.role(gives ? "source" : "destination");
                if (gives) {
                    VirtualMachine given = machine;
                    machine = null;
                    if (given != null) {
                        console.sourceHasGuest();
                    }
                    result = give(given, options, progress);
                } else {
                    DestinationAgent.Taken taken = take(console, progress, i == migrations);
                    machine = taken.machine();
                    result = taken.result();
                }
                boolean last = i == migrations || (!gives && machine == null);
                if (last || result.status() != MigrationStatus.COMPLETED || cancellation.isRequested()) {
                    return result;
                }
                console.say(AgentEvent.result(result), "migration " + i + " is done");
                gives = !gives;
            }
        } finally {
            if (machine != null) {
                machine.close();
            }
        }
    }

    /** @param machine null to make one */
    private RunResult give(@Nullable VirtualMachine machine, SourceOptions options, Progress progress)
            throws IOException {
        DestinationLink link;
        boolean kernelMoves;
        try {
            // What it takes to make the guest matters only then.
            kernelMoves = machine == null
                    ? SourceCommand.checkHost(options)
                    : HostChecks.movesGifts(options.mechanism(), options.gifts());
            link = connect();
        } catch (IOException e) {
            if (machine == null) {
                throw e;
            }
            try (machine) {
                return keep(machine.guest(), options, e);
            }
        }
        try (link) {
            SourceAgent agent = new SourceAgent(options, link, kernelMoves, cancellation, progress, NanoClock.SYSTEM);
            return machine == null ? agent.run() : agent.run(machine);
        }
    }

    /** The other agent does not come: the guest ends here. */
    private RunResult keep(Guest kept, SourceOptions options, IOException reason) throws IOException {
        kept.stop();
        kept.checkVcpus();
        return RunResult.ended(
                cancellation.isRequested() ? MigrationStatus.CANCELLED : MigrationStatus.FAILED,
                Owner.SOURCE,
                options.verify() ? VerificationResult.of(kept.verify()) : VerificationResult.SKIPPED,
                Failure.of(Failure.Kind.MIGRATION_FAILED, reason));
    }

    /** Connects to the other agent, which may have to end its part of the migration before. */
    private DestinationLink connect() throws IOException {
        long deadlineNs = NanoClock.SYSTEM.nanoTime() + CONNECT_TIMEOUT_NS;
        while (true) {
            cancellation.check();
            try {
                return ConnectedDestination.connect(socket, channel, NanoClock.SYSTEM, cancellation);
            } catch (SyscallException e) {
                boolean early = e.errno() == Errno.ENOENT || e.errno() == Errno.ECONNREFUSED;
                if (!early || NanoClock.SYSTEM.nanoTime() > deadlineNs) {
                    throw e;
                }
                LockSupport.parkNanos(CONNECT_RETRY_NS);
            }
        }
    }

    private DestinationAgent.Taken take(AgentConsole console, Progress progress, boolean last) throws IOException {
        DestinationOptions options = new DestinationOptions(
                late.options(), !noMove, run.verify(), run.runAfterNs(), run.fault(), run.warmUp());
        progress.begin(Progress.Phase.CONNECTING, 0);
        try (SourceLink link = DestinationCommand.accept(spec, socket, console, cancellation)) {
            console.sourceHasGuest();
            boolean kernelMoves = HostChecks.beforeDestination(link.hello());
            DestinationAgent agent =
                    new DestinationAgent(options, link, kernelMoves, cancellation, progress, NanoClock.SYSTEM);
            return last ? new DestinationAgent.Taken(agent.run(), null) : agent.take();
        }
    }

    /**
     * Its arguments, but for those that {@link io.pageflip.migration.PingPong} adds: those of the agent that it is
     * first, and of the one that it is next, whose fault is not its own.
     */
    static List<String> arguments(List<String> own, List<String> others) {
        Set<String> arguments = new LinkedHashSet<>(own); // what both have, both have alike
        others.stream().filter(argument -> !argument.startsWith("--fault=")).forEach(arguments::add);
        return List.copyOf(arguments);
    }
}
