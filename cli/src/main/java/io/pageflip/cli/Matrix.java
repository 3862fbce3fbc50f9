package io.pageflip.cli;

import io.pageflip.cli.report.Comparison.Skipped;
import io.pageflip.os.HostLacksException;
import io.pageflip.request.MigrationRequest;
import io.pageflip.request.RequestBuilder;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;

/**
 * The combinations of a comparison: those that can run, and the others with their reason.
 *
 * @param lack what this host lacks for the first that it cannot run; null if it lacks nothing
 */
record Matrix(
        List<MigrationRequest> requests,
        List<Skipped> skipped,
        @Nullable String lack) {
    /** What a host lacks for a plan; an interface so that a test needs no host. */
    @FunctionalInterface
    interface HostCheck {
        void check(MigrationRequest request) throws IOException;
    }

    /**
     * Resolves each combination as {@code migrate} does, and asks the host. Two that come to the same are one.
     *
     * @param common makes a request of what all of them have in common
     * @throws ParameterException in the name of {@code spec}'s command, for a value that no combination could make
     *     right
     */
    static Matrix of(
            CommandSpec spec,
            List<MatrixOptions.Combination> combinations,
            Supplier<RequestBuilder> common,
            HostCheck host)
            throws IOException {
        Set<MigrationRequest> requests = new LinkedHashSet<>();
        List<Skipped> skipped = new ArrayList<>();
        String lack = null;
        for (MatrixOptions.Combination combination : combinations) {
            try {
                MigrationRequest request =
                        CheckedRequest.of(spec, combination.fill(common.get()).build());
                if (!requests.contains(request)) {
                    host.check(request);
                    requests.add(request);
                }
            } catch (CombinationException e) {
                skipped.add(new Skipped(combination.options(), sentence(e)));
            } catch (HostLacksException e) {
                skipped.add(new Skipped(combination.options(), sentence(e)));
                lack = lack == null ? sentence(e) : lack;
            }
        }
        return new Matrix(List.copyOf(requests), skipped, lack);
    }

    private static String sentence(Exception e) {
        return String.valueOf(e.getMessage());
    }
}
