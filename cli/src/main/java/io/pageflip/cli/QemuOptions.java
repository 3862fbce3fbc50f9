package io.pageflip.cli;

import io.pageflip.channel.Cancellation;
import io.pageflip.cli.report.Comparison.Skipped;
import io.pageflip.guest.GuestConfig;
import io.pageflip.memory.Quantity;
import io.pageflip.os.MemoryLimits;
import io.pageflip.qemu.QemuBinary;
import io.pageflip.qemu.QemuGuest;
import io.pageflip.qemu.QemuMigration;
import io.pageflip.qemu.QemuMode;
import io.pageflip.qemu.QemuSettings;
import io.pageflip.ram.Backing;
import io.pageflip.request.MigrationRequest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import picocli.CommandLine.Spec.Target;

/** Options of {@code compare} that add rows of real QEMU. */
final class QemuOptions {
    private static final String ALL = "all";
    private static final String QEMU = "--qemu";

    /** Also an option of {@code observe}. */
    static final String OBSERVER_CPU = "--observer-cpu";

    static final String OBSERVER_CPU_DEFAULT = "2";

    private static final double LEAST_OBSERVER_PERCENT = 0.1;
    private static final double MOST_OBSERVER_PERCENT = 100;
    private static final Path KVM = Path.of("/dev/kvm");
    private static final long MIB = 1 << 20;
    private static final long QEMU_BYTES = 200 * MIB;
    private static final int DOWNTIME_LIMIT_MS = 300; // QEMU's own default
    private static final int MOST_DOWNTIME_LIMIT_MS = 2_000_000;

    /** Words between blanks; quotes around a whole word hold it together. */
    private static final Pattern WORD = Pattern.compile("\"([^\"]*)\"|'([^']*)'|(\\S+)");

    @Spec(Target.MIXEE)
    private CommandSpec spec;

    @Option(
            names = QEMU,
            paramLabel = "BINARY",
            split = ",",
            description = "Also migrate a real QEMU, in turn with pageflip, with a guest that does the same. Several "
                    + "versions may be named.")
    private List<String> binaries = List.of();

    @Option(
            names = "--qemu-mode",
            paramLabel = "MODE",
            split = ",",
            description =
                    "How QEMU migrates: all, or some of cpr-transfer, cpr-exec, cpr-reboot, ignore-shared, precopy, "
                            + "multifd, postcopy, stop-copy, mapped-ram (default: all).")
    private @Nullable List<String> modes;

    @Option(
            names = "--qemu-accel",
            paramLabel = "KIND",
            description =
                    "QEMU's accelerator: tcg, kvm, or auto, which is kvm where this user may use it (default: auto).")
    private @Nullable String accelerator;

    @Option(
            names = "--qemu-args",
            paramLabel = "ARGUMENTS",
            description = "Further arguments for the command lines of both QEMUs, such as \"-device virtio-rng\".")
    private @Nullable String arguments;

    @Option(
            names = "--qemu-downtime-limit",
            paramLabel = "MS",
            split = ",",
            description = "QEMU's downtime-limit, where it decides when to pause the guest (default: 300).")
    private @Nullable List<Integer> downtimeLimits;

    @Option(
            names = OBSERVER_CPU,
            paramLabel = "PERCENT",
            defaultValue = OBSERVER_CPU_DEFAULT,
            description = "What the observer may take of one processor; 100 to look all the time, which needs a "
                    + "processor to spare (default: ${DEFAULT-VALUE}).")
    private double observerPercent;

    /**
     * The rows of QEMU.
     *
     * @param settings of each row that can run
     * @param skipped the others, with their reasons
     */
    record Rows(List<QemuSettings> settings, List<Skipped> skipped) {}

    /** Whether QEMU is asked for at all. */
    boolean isWanted() {
        return !binaries.isEmpty();
    }

    /**
     * Asks each binary what it can do, and makes a row for each guest and each mode.
     *
     * @param requests of pageflip's rows, for their guests
     */
    Rows rows(List<MigrationRequest> requests, Cancellation cancellation) throws IOException, InterruptedException {
        List<QemuMode> wanted = modes();
        List<QemuSettings> settings = new ArrayList<>();
        List<Skipped> skipped = new ArrayList<>();
        Set<GuestConfig> guests = new LinkedHashSet<>();
        requests.forEach(request -> guests.add(request.guest().withBacking(Backing.MEMFD)));
        MigrationRequest any = requests.get(0);
        for (String program : binaries) {
            QemuBinary binary = ask(spec, program, cancellation);
            for (GuestConfig guest : guests) {
                for (QemuMode mode : wanted) {
                    for (Integer limit : limits(mode)) {
                        QemuSettings row = new QemuSettings(
                                binary,
                                mode,
                                accelerator(),
                                words(),
                                guest,
                                limit,
                                any.runAfterNs() / 1e9,
                                observerPercent,
                                any.verify());
                        String whyNot = whyNot(row);
                        if (whyNot == null) {
                            settings.add(row);
                        } else {
                            skipped.add(new Skipped(options(row), whyNot));
                        }
                    }
                }
            }
        }
        return new Rows(settings, skipped);
    }

    /**
     * Asks a binary what it can do.
     *
     * @throws ParameterException for {@code spec}'s command, if no QEMU answers, or our guest cannot run on this host
     */
    static QemuBinary ask(CommandSpec spec, String program, Cancellation cancellation)
            throws InterruptedException, IOException {
        String architecture = System.getProperty("os.arch");
        if (!architecture.equals("amd64")) {
            throw new ParameterException(
                    spec.commandLine(),
                    QEMU + ": the guest for QEMU is for x86-64 hosts, and this one is " + architecture);
        }
        try {
            return QemuBinary.ask(program, cancellation);
        } catch (IOException e) {
            cancellation.check();
            throw new ParameterException(
                    spec.commandLine(), QEMU + " " + program + ": no QEMU answers: " + e.getMessage(), e);
        }
    }

    /** Refuses values that make no sense, and options of QEMU where there is none. */
    void check() {
        if (words().contains("-daemonize")) {
            throw new ParameterException(
                    spec.commandLine(), "--qemu-args -daemonize: QEMU would not end with pageflip; leave it out");
        }
        if (!isWanted()) {
            Stream.of("--qemu-mode", "--qemu-accel", "--qemu-args", "--qemu-downtime-limit", OBSERVER_CPU)
                    .filter(option -> spec.commandLine().getParseResult().hasMatchedOption(option))
                    .findFirst()
                    .ifPresent(option -> {
                        throw new ParameterException(
                                spec.commandLine(), option + " is for " + QEMU + ", which is not there");
                    });
        }
        for (int limit : downtimeLimits == null ? List.<Integer>of() : downtimeLimits) {
            Values.between(spec, "--qemu-downtime-limit", limit, 0, MOST_DOWNTIME_LIMIT_MS);
        }
        accelerator();
        checkObserverPercent(spec, observerPercent);
    }

    /** Refuses a part of a processor that makes no sense. */
    static void checkObserverPercent(CommandSpec spec, double percent) {
        if (!(percent >= LEAST_OBSERVER_PERCENT && percent <= MOST_OBSERVER_PERCENT)) {
            throw new ParameterException(
                    spec.commandLine(), OBSERVER_CPU + " " + percent + ": it must be from 0.1 to 100");
        }
    }

    /** What the observer may take of one processor, in percent. */
    double observerPercent() {
        return observerPercent;
    }

    private List<@Nullable Integer> limits(QemuMode mode) {
        if (!mode.hasDowntimeLimit()) {
            return Collections.singletonList(null);
        }
        return downtimeLimits == null ? List.of(DOWNTIME_LIMIT_MS) : List.copyOf(downtimeLimits);
    }

    private List<QemuMode> modes() {
        if (modes == null || modes.contains(ALL)) {
            return List.of(QemuMode.values());
        }
        return modes.stream().map(this::mode).distinct().toList();
    }

    private QemuMode mode(String name) {
        return Arrays.stream(QemuMode.values())
                .filter(mode -> mode.toString().equals(name))
                .findFirst()
                .orElseThrow(() -> new ParameterException(
                        spec.commandLine(),
                        "--qemu-mode " + name + ": '" + name + "' is not one of "
                                + Stream.concat(Stream.of(ALL), Arrays.stream(QemuMode.values()))
                                        .map(Object::toString)
                                        .collect(Collectors.joining(", "))));
    }

    private String accelerator() {
        String wanted = accelerator == null ? "auto" : accelerator.toLowerCase(Locale.ROOT);
        return switch (wanted) {
            case "tcg", "kvm" -> wanted;
            case "auto" -> Files.isReadable(KVM) && Files.isWritable(KVM) ? "kvm" : "tcg";
            default ->
                throw new ParameterException(
                        spec.commandLine(),
                        "--qemu-accel " + accelerator + ": '" + accelerator + "' is not one of tcg, kvm, auto");
        };
    }

    private List<String> words() {
        List<String> words = new ArrayList<>();
        Matcher matcher = WORD.matcher(arguments == null ? "" : arguments);
        while (matcher.find()) {
            words.add(Stream.of(1, 2, 3)
                    .map(matcher::group)
                    .filter(group -> group != null)
                    .findFirst()
                    .orElse(""));
        }
        return words;
    }

    private static @Nullable String whyNot(QemuSettings row) throws IOException {
        GuestConfig guest = row.guest();
        if (guest.vcpus() != 1) {
            return "the guest for QEMU has one vCPU";
        }
        if (guest.ramBytes() % MIB != 0
                || guest.ramBytes() < QemuGuest.LEAST_RAM
                || guest.ramBytes() > QemuGuest.MOST_RAM) {
            return "the guest for QEMU needs whole MiB of RAM, from " + Quantity.format(QemuGuest.LEAST_RAM) + " to "
                    + Quantity.format(QemuGuest.MOST_RAM);
        }
        String refusal = row.binary().whyNot(row.mode());
        return refusal == null ? noRoom(row) : row.binary().name() + " says: " + refusal;
    }

    private static @Nullable String noRoom(QemuSettings row) throws IOException {
        long ram = row.guest().ramBytes();
        long needed = (row.mode().copies() ? 2 * ram : ram) + QEMU_BYTES;
        MemoryLimits.Limit limit = MemoryLimits.memory();
        if (needed > limit.availableBytes()) {
            return "no room: it needs " + Quantity.format(needed) + ", and " + Quantity.format(limit.availableBytes())
                    + " are available";
        }
        return QemuMigration.whyNoRoom(row);
    }

    /** The options of a row as reports write them. */
    static Map<String, Object> options(QemuSettings row) {
        Map<String, Object> options = new LinkedHashMap<>();
        options.put("program", row.binary().name());
        options.put("binary", row.binary().program());
        options.put("mode", row.mode().toString());
        options.put("backing", row.mode().backing());
        options.put("accelerator", row.accelerator());
        options.put("ram", row.guest().ramBytes());
        options.put("vcpus", row.guest().vcpus());
        options.put("workload", row.guest().workload().toString());
        options.put("dirty-rate", row.guest().dirtyRate());
        options.put("hot-set", row.guest().hotSetPercent());
        options.put("fill", row.guest().fillPercent());
        options.put("seed", row.guest().seed());
        if (row.downtimeLimitMs() != null) {
            options.put("downtime-limit", row.downtimeLimitMs());
        }
        if (!row.arguments().isEmpty()) {
            options.put("arguments", row.arguments());
        }
        return options;
    }

    /** Adds what was asked for to a request, as reports write it. */
    void describe(Map<String, Object> request) {
        if (isWanted()) {
            request.put("qemu", binaries);
            request.put("qemu-mode", modes().stream().map(QemuMode::toString).toList());
            request.put("qemu-accel", accelerator());
            request.put("qemu-args", words());
            request.put("qemu-downtime-limit", limits(QemuMode.PRECOPY));
            request.put("observer-cpu", observerPercent);
        }
    }
}
