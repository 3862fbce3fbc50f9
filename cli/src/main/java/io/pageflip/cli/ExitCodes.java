package io.pageflip.cli;

import io.pageflip.metrics.Failure;
import io.pageflip.metrics.RunResult;
import io.pageflip.os.HostLacksException;

/** The exit codes of every command, as {@code --help} lists them. */
final class ExitCodes {
    /** Migrated and verified. */
    static final int OK = 0;
    /** The migration failed, and the guest lives on at the source. */
    static final int FAILED = 1;
    /** What was typed makes no sense. */
    static final int USAGE = 2;
    /** Verification found a difference, or {@code compare --predict} did. */
    static final int DIFFERENT = 3;
    /** This host lacks what was asked for. */
    static final int HOST_LACKS = 4;
    /** Nobody has the guest: the agent that owned it died. */
    static final int LOST = 5;
    /** Everything went well, but the report could not be written to standard output. */
    static final int OUTPUT_LOST = 6;

    private ExitCodes() {}

    static int of(RunResult result) {
        boolean different = (result.verification() != null
                        && result.verification().mismatch())
                || (result.measured() != null && result.measured().evidence().different() > 0);
        if (different) {
            return DIFFERENT;
        }
        return switch (result.status()) {
            case COMPLETED -> OK;
            case LOST -> LOST;
            default ->
                switch (kind(result)) {
                    case HOST_LACKS -> HOST_LACKS;
                    case USAGE -> USAGE;
                    default -> FAILED;
                };
        };
    }

    /** Of a command that a failure has ended. */
    static int of(Throwable failure) {
        return HostLacksException.isMeantBy(failure) ? HOST_LACKS : FAILED;
    }

    private static Failure.Kind kind(RunResult result) {
        return result.error() == null
                ? Failure.Kind.MIGRATION_FAILED
                : result.error().kind();
    }
}
