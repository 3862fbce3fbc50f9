package io.pageflip.cli;

import io.pageflip.request.MigrationRequest;
import io.pageflip.request.Refusal;
import io.pageflip.request.RequestRules;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;

/** Checks a request, and reports what is wrong with it as a usage error of a command. */
final class CheckedRequest {
    private CheckedRequest() {}

    /**
     * Checks a request and returns it.
     *
     * @throws CombinationException if its values do not go together
     * @throws ParameterException if one of them is wrong
     */
    static MigrationRequest of(CommandSpec spec, MigrationRequest request) {
        Path directory = request.ramDirectory();
        if (directory != null && !Files.isDirectory(directory)) {
            throw new ParameterException(
                    spec.commandLine(), "--backing " + request.place() + ": there is no such directory");
        }
        refuse(spec, RequestRules.check(request));
        return request;
    }

    /** Throws if there is a refusal. */
    static void refuse(CommandSpec spec, Optional<Refusal> refusal) {
        if (refusal.isPresent()) {
            throw refusal.get().kind() == Refusal.Kind.COMBINATION
                    ? new CombinationException(spec.commandLine(), refusal.get().sentence())
                    : new ParameterException(spec.commandLine(), refusal.get().sentence());
        }
    }
}
