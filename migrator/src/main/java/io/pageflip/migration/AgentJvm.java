package io.pageflip.migration;

import io.pageflip.os.JavaProcess;
import java.util.List;

/** How an agent's JVM is started. */
final class AgentJvm {
    private static final String MAIN_CLASS = "io.pageflip.cli.Main";

    private AgentJvm() {}

    /** The command line up to and including the main class. */
    static List<String> command() {
        return JavaProcess.command(MAIN_CLASS);
    }
}
