package io.pageflip.cli;

import io.pageflip.channel.Cancellation;
import io.pageflip.guest.GuestConfig;
import io.pageflip.kernel.workload.SimulatedKernel;
import io.pageflip.metrics.Progress;
import io.pageflip.migration.Migration;
import io.pageflip.migration.PingPong;
import io.pageflip.os.HostLacksException;
import io.pageflip.prediction.Planned;
import io.pageflip.request.Mechanism;
import io.pageflip.request.Schedule;
import io.pageflip.scenario.Scenario;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;

/**
 * A migration as it was asked for: every option checked and resolved, and nothing made yet.
 *
 * @param guest in the memory that its pages cross from
 * @param scenario what an experiment adds to the guest
 * @param adoptChunkBytes 0, or: it is started in private memory, which becomes that in chunks
 * @param ramDirectory of the file that RAM lies in; null if it lies in none
 * @param request every option with its resolved value, as reports write it
 * @param sourceArguments of the agent that {@link Migration} starts
 * @param destinationArguments of the other one
 */
record MigrationPlan(
        GuestConfig guest,
        Scenario scenario,
        @Nullable Path ramDirectory,
        Mechanism mechanism,
        Schedule schedule,
        boolean gifts,
        boolean moves,
        int batch,
        boolean noWayBack,
        long adoptChunkBytes,
        Map<String, Object> request,
        List<String> sourceArguments,
        List<String> destinationArguments) {

    /**
     * As {@code migrate} resolves these options.
     *
     * @throws picocli.CommandLine.ParameterException if they make no sense
     */
    static MigrationPlan of(List<String> arguments) {
        MigrateCommand migrate = new MigrateCommand(new Cancellation());
        CommandLine parser = new CommandLine(migrate);
        Values.registerChoices(parser);
        Values.registerNumbers(parser);
        parser.parseArgs(arguments.toArray(String[]::new));
        return migrate.plan();
    }

    /**
     * Whether this host can do it.
     *
     * @throws HostLacksException with what to use instead
     */
    void checkHost() throws IOException {
        HostChecks.beforeSource(guest, scenario, ramDirectory, mechanism, gifts, noWayBack);
        if (adoptChunkBytes > 0) {
            HostChecks.adopt(guest, adoptChunkBytes);
        }
    }

    /** What its prediction is made from. */
    Planned planned() throws IOException {
        boolean movesGifts = HostChecks.movesGifts(mechanism, gifts);
        SimulatedKernel kernel = movesGifts ? SimulatedKernel.VMSPLICE_MOVE_FIXED : SimulatedKernel.STOCK;
        return new Planned(guest, scenario, adoptChunkBytes > 0, mechanism, schedule, gifts, moves, batch, kernel);
    }

    /** The same guest, passed to and fro {@code migrations} times between two agents that stay. */
    PingPong pingPong(int migrations, Cancellation cancellation, Progress progress) {
        return new PingPong(
                PeerCommand.arguments(sourceArguments, destinationArguments),
                PeerCommand.arguments(destinationArguments, sourceArguments),
                migrations,
                cancellation,
                progress);
    }

    Migration migration(Cancellation cancellation, Progress progress) {
        return new Migration(sourceArguments, destinationArguments, cancellation, progress);
    }
}
