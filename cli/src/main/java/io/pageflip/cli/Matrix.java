package io.pageflip.cli;

import io.pageflip.cli.report.Comparison.Skipped;
import io.pageflip.os.HostLacksException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;

/**
 * The combinations of a comparison: those that can run, and the others with their reason.
 *
 * @param lack what this host lacks for the first that it cannot run; null if it lacks nothing
 */
record Matrix(
        List<MigrationPlan> plans,
        List<Skipped> skipped,
        @Nullable String lack) {
    /** What a host lacks for a plan; an interface so that a test needs no host. */
    @FunctionalInterface
    interface HostCheck {
        void check(MigrationPlan plan) throws IOException;
    }

    /**
     * Resolves each combination as {@code migrate} does, and asks the host. Two that come to the same are one.
     *
     * @param common further options of {@code migrate}, for all of them
     * @throws ParameterException in the name of {@code spec}'s command, for a value that no combination could make
     *     right
     */
    static Matrix of(
            CommandSpec spec, List<MatrixOptions.Combination> combinations, List<String> common, HostCheck host)
            throws IOException {
        List<MigrationPlan> plans = new ArrayList<>();
        List<Skipped> skipped = new ArrayList<>();
        Set<Map<String, Object>> seen = new HashSet<>();
        String lack = null;
        for (MatrixOptions.Combination combination : combinations) {
            try {
                MigrationPlan plan = plan(combination, common);
                if (seen.add(plan.request())) {
                    host.check(plan);
                    plans.add(plan);
                }
            } catch (CombinationException e) {
                skipped.add(new Skipped(combination.options(), sentence(e)));
            } catch (ParameterException e) {
                throw new ParameterException(spec.commandLine(), sentence(e), e);
            } catch (HostLacksException e) {
                skipped.add(new Skipped(combination.options(), sentence(e)));
                lack = lack == null ? sentence(e) : lack;
            }
        }
        return new Matrix(plans, skipped, lack);
    }

    private static MigrationPlan plan(MatrixOptions.Combination combination, List<String> common) {
        List<String> arguments = new ArrayList<>(combination.arguments());
        arguments.addAll(common);
        return MigrationPlan.of(arguments);
    }

    private static String sentence(Exception e) {
        return String.valueOf(e.getMessage());
    }
}
