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
 * @param lack what this host lacks for the first combination that it cannot run; null if it lacks nothing
 */
record Matrix(
        List<MigrationRequest> requests,
        List<Skipped> skipped,
        @Nullable String lack) {
    /** Checks what this host lacks for a request. An interface, so that a test does not depend on its host. */
    @FunctionalInterface
    interface HostCheck {
        void check(MigrationRequest request) throws IOException;
    }

    /**
     * Resolves each combination as {@code migrate} does, and checks the host for it. Combinations that resolve to the
     * same request become one.
     *
     * @param common makes a request with the options that all combinations have in common
     * @throws ParameterException for {@code spec}'s command, if a value is wrong in every combination
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
