package io.pageflip.cli;

import io.pageflip.agent.FailureText;
import io.pageflip.channel.Cancellation;
import io.pageflip.guest.GuestsHere;
import io.pageflip.os.Terminal;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Function;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.Spec;

/** Entry point of {@code pageflip.jar}, and the only class that ends the JVM. */
@Command(
        name = "pageflip",
        description = "Upgrades the program under a running virtual machine by moving its pages, not copying them.",
        mixinStandardHelpOptions = true,
        versionProvider = Main.Version.class,
        synopsisSubcommandLabel = "COMMAND",
        exitCodeListHeading = "%nExit codes:%n",
        exitCodeList = {
            "0:migrated and verified",
            "1:the migration failed, and the guest lives on at the source",
            "2:what was typed makes no sense",
            "3:verification, or a prediction, found a difference",
            "4:this host lacks what was asked for",
            "5:the guest is lost: the agent that owned it died",
            "6:everything went well, but standard output could not be written"
        })
public final class Main implements Runnable {
    @Spec
    private CommandSpec spec;

    private Main() {}

    public static void main(String[] args) {
        Thread.setDefaultUncaughtExceptionHandler((thread, e) -> end(e));
        Interrupts interrupts = new Interrupts(Thread.currentThread());
        try {
            handleSignals(interrupts);
            int code = execute(args, interrupts);
            interrupts.finished(code);
            System.exit(code);
        } catch (Throwable e) {
            end(e);
        }
    }

    /** Ends at once, whatever other threads do: a destination takes over, or goes on, when its source is dead. */
    private static void end(Throwable unforeseen) {
        int code = ExitCodes.FAILED;
        try {
            boolean lost = GuestsHere.anyEndsWithThisProcess();
            code = lost ? ExitCodes.LOST : ExitCodes.of(unforeseen);
            System.err.println("pageflip: " + (lost ? "lost: the guest ends with this process: " : "")
                    + FailureText.of(unforeseen));
        } finally {
            Runtime.getRuntime().halt(code);
        }
    }

    private static int execute(String[] args, Interrupts interrupts) throws IOException {
        StandardOutput output = StandardOutput.install();
        CommandLine commands = commandLine(interrupts, args);
        commands.setOut(output.writer());
        return codeOf(output, commands.execute(args));
    }

    /** A report that nobody can read is no success. */
    private static int codeOf(StandardOutput output, int code) {
        System.out.flush();
        IOException failure = output.failure();
        if (failure == null) {
            return code;
        }
        System.err.println("pageflip: standard output cannot be written to: " + failure.getMessage());
        return code == ExitCodes.OK ? ExitCodes.OUTPUT_LOST : code;
    }

    private static void handleSignals(Interrupts interrupts) {
        Thread hook = new Thread(
                () -> {
                    if (!interrupts.isFinished()) {
                        Runtime.getRuntime().halt(interrupts.awaitFinished());
                    }
                },
                "signal");
        try {
            Runtime.getRuntime().addShutdownHook(hook);
        } catch (IllegalStateException e) {
            while (true) {
                LockSupport.park(hook); // a signal came first, and ends the JVM with its own exit code
            }
        }
    }

    /** Makes each command, by its name; in the order of {@code --help}. */
    private static Map<String, Function<Cancellation, Object>> commands() {
        Map<String, Function<Cancellation, Object>> commands = new LinkedHashMap<>();
        commands.put("migrate", MigrateCommand::new);
        commands.put("compare", CompareCommand::commandLine);
        commands.put("simulate", SimulateCommand::new);
        commands.put("report", cancellation -> new ReportCommand());
        commands.put("source", SourceCommand::new);
        commands.put("destination", DestinationCommand::new);
        commands.put(AgentCommand.NAME, AgentCommand::new);
        commands.put("check", CheckCommand::new);
        commands.put("observe", ObserveCommand::new);
        commands.put("ctl", CtlCommand::new);
        return commands;
    }

    /**
     * The command line for some arguments: with all commands, or only with the one that the first argument names. It
     * takes long to set up the options of a command.
     */
    static CommandLine commandLine(Interrupts interrupts, String... args) {
        CommandLine root = new CommandLine(new Main());
        Map<String, Function<Cancellation, Object>> commands = commands();
        if (args.length > 0 && commands.containsKey(args[0])) {
            commands.keySet().retainAll(Set.of(args[0]));
        }
        commands.forEach((name, maker) -> root.addSubcommand(name, maker.apply(interrupts.cancellation())));
        Values.registerChoices(root);
        Values.registerNumbers(root);
        root.setParameterExceptionHandler(Main::usageError);
        root.setExecutionExceptionHandler(Main::failure);
        if (!Terminal.isStandardOutput()) {
            root.setColorScheme(CommandLine.Help.defaultColorScheme(CommandLine.Help.Ansi.OFF));
        }
        return root;
    }

    private static int usageError(ParameterException e, String[] args) {
        PrintWriter err = e.getCommandLine().getErr();
        err.println("pageflip: " + e.getMessage());
        err.println("Try '" + e.getCommandLine().getCommandSpec().qualifiedName() + " --help'.");
        return ExitCodes.USAGE;
    }

    private static int failure(Exception e, CommandLine commandLine, ParseResult parsed) {
        commandLine.getErr().println("pageflip: " + FailureText.of(e));
        return ExitCodes.of(e);
    }

    /** Called when no command was named. */
    @Override
    public void run() {
        throw new ParameterException(
                spec.commandLine(),
                "Name a command: migrate, compare, simulate, report, source, destination, check, observe or ctl.");
    }

    /** The version in the jar's manifest. */
    static final class Version implements IVersionProvider {
        /** Such as {@code 0.1.0}. */
        static String number() {
            String version = Main.class.getPackage().getImplementationVersion();
            return version == null ? "(not packaged)" : version;
        }

        @Override
        public String[] getVersion() {
            return new String[] {"pageflip " + number()};
        }
    }
}
