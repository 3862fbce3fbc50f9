package io.pageflip;

import static com.tngtech.archunit.core.domain.JavaAccess.Predicates.target;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.type;
import static com.tngtech.archunit.core.domain.properties.HasName.Predicates.nameMatching;
import static com.tngtech.archunit.core.domain.properties.HasOwner.Predicates.With.owner;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.Architectures.layeredArchitecture;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaAccess;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.core.importer.Location;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.library.Architectures.LayeredArchitecture;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** Which package may use what, over the main classes of all modules. */
@AnalyzeClasses(packages = "io.pageflip", importOptions = ArchitectureTest.WithoutTests.class)
final class ArchitectureTest {
    /** Neither tests, in whichever folder they were built, nor the module that they share. */
    static final class WithoutTests implements ImportOption {
        @Override
        public boolean includes(Location location) {
            return !location.contains("/test-classes/") && !location.contains("/io/pageflip/testkit/");
        }
    }

    private static final String MAIN = "io.pageflip.cli.Main";
    private static final String CLOCK = "io.pageflip.os.NanoClock";

    /**
     * The packages: each uses only those that stand before it. The table in docs/architecture.md has the same order.
     */
    private static final List<String> ORDER = List.of(
            "memory",
            "os",
            "ram",
            "scenario",
            "heartbeat",
            "observer",
            "verification",
            "switchover",
            "guest",
            "kernel",
            "metrics",
            "log",
            "request",
            "wire",
            "channel",
            "ledger",
            "send",
            "receive",
            "postcopy",
            "warmup",
            "agent",
            "source",
            "destination",
            "migration",
            "qmp",
            "control",
            "qemu",
            "prediction",
            "cli");

    @ArchTest
    static final ArchRule LAYERS = layers();

    private static final Path ROOT = Path.of("..");
    private static final Pattern CELL = Pattern.compile("`([a-z.]+)`");
    private static final Pattern IMPORT = Pattern.compile("(?m)^import (?:static )?io\\.pageflip\\.([a-z]+)\\.");

    @ArchTest
    static final ArchRule NO_CYCLES =
            slices().matching("io.pageflip.(**)").should().beFreeOfCycles();

    @ArchTest
    static final ArchRule THE_AGENTS_DO_NOT_KNOW_EACH_OTHER = noClasses()
            .that()
            .resideInAPackage("io.pageflip.destination..")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("io.pageflip.source..");

    @ArchTest
    static final ArchRule THE_SIMULATED_KERNELS_KNOW_NO_GUEST = noClasses()
            .that()
            .resideInAPackage("io.pageflip.kernel..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(
                    "io.pageflip.os..",
                    "io.pageflip.ram..",
                    "io.pageflip.scenario..",
                    "io.pageflip.heartbeat..",
                    "io.pageflip.verification..",
                    "io.pageflip.switchover..",
                    "io.pageflip.guest..");

    @ArchTest
    static final ArchRule MEMORY_HAS_NO_DEPENDENCIES = classes()
            .that()
            .resideInAPackage("io.pageflip.memory..")
            .should()
            .onlyDependOnClassesThat()
            .resideInAnyPackage("io.pageflip.memory..", "java..", "org.jspecify..")
            .allowEmptyShould(true);

    @ArchTest
    static final ArchRule ONLY_OS_USES_JNA = onlyPackageUses("io.pageflip.os..", "com.sun.jna..");

    @ArchTest
    static final ArchRule ONLY_CHANNEL_USES_NETTY = onlyPackageUses("io.pageflip.channel..", "io.netty..");

    @ArchTest
    static final ArchRule ONLY_CLI_USES_PICOCLI = onlyPackageUses("io.pageflip.cli..", "picocli..");

    @ArchTest
    static final ArchRule ONLY_MAIN_ENDS_THE_JVM = onlyClassCalls(MAIN, System.class, "exit");

    @ArchTest
    static final ArchRule ONLY_MAIN_HALTS_THE_JVM = onlyClassCalls(MAIN, Runtime.class, "exit|halt");

    @ArchTest
    static final ArchRule ONLY_THE_CLOCK_READS_THE_CLOCK =
            onlyClassCalls(CLOCK, System.class, "nanoTime|currentTimeMillis");

    @ArchTest
    static final ArchRule ONLY_CHILD_PROCESS_STARTS_PROCESSES =
            onlyClassCalls("io.pageflip.os.ChildProcess", ProcessBuilder.class, "start");

    @ArchTest
    static final ArchRule NOBODY_SLEEPS = noClasses().should().accessTargetWhere(method(Thread.class, "sleep"));

    /** The section Layers of docs/architecture.md has a table, whose second column names the packages in this order. */
    @ArchTest
    static void theTableOfTheDocumentsHasTheSameOrder(JavaClasses ignored) throws IOException {
        List<String> named = new ArrayList<>();
        String text = Files.readString(ROOT.resolve("docs/architecture.md"));
        String layers = text.substring(text.indexOf("## Layers"), text.indexOf("\n## ", text.indexOf("## Layers")));
        for (String line : layers.lines().toList()) {
            String[] cells = line.split("\\|", -1);
            Matcher names = CELL.matcher(cells.length > 2 && line.startsWith("|") ? cells[2] : "");
            while (names.find()) {
                named.add(names.group(1));
            }
        }
        assertThat(named)
                .filteredOn(ORDER::contains)
                .as("the packages in the table of docs/architecture.md")
                .isEqualTo(ORDER);
    }

    /** An import that only Javadoc uses is no dependency of a class, and misleads a reader all the same. */
    @ArchTest
    static void importsPointToLowerPackagesOnly(JavaClasses ignored) throws IOException {
        List<String> wrong = new ArrayList<>();
        for (String module : List.of("guest-sim", "migrator", "cli")) {
            for (String layer : ORDER) {
                Path directory = ROOT.resolve(module).resolve("src/main/java/io/pageflip/" + layer);
                if (!Files.isDirectory(directory)) {
                    continue;
                }
                try (Stream<Path> sources = Files.walk(directory)) {
                    for (Path source : (Iterable<Path>)
                            sources.filter(path -> path.toString().endsWith(".java"))::iterator) {
                        Matcher imports = IMPORT.matcher(Files.readString(source));
                        while (imports.find()) {
                            if (ORDER.indexOf(imports.group(1)) > ORDER.indexOf(layer)) {
                                wrong.add(source.getFileName() + " imports from " + imports.group(1));
                            }
                        }
                    }
                }
            }
        }
        assertThat(wrong).isEmpty();
    }

    private static ArchRule layers() {
        LayeredArchitecture architecture = layeredArchitecture().consideringOnlyDependenciesInLayers();
        for (String name : ORDER) {
            architecture = architecture.layer(name).definedBy("io.pageflip." + name + "..");
        }
        for (int i = 0; i < ORDER.size(); i++) {
            String[] before = ORDER.subList(0, i).toArray(String[]::new);
            architecture = i == 0
                    ? architecture.whereLayer(ORDER.get(0)).mayNotAccessAnyLayer()
                    : architecture.whereLayer(ORDER.get(i)).mayOnlyAccessLayers(before);
        }
        return architecture.ensureAllClassesAreContainedInArchitecture();
    }

    private static ArchRule onlyPackageUses(String user, String used) {
        return noClasses()
                .that()
                .resideOutsideOfPackage(user)
                .should()
                .dependOnClassesThat()
                .resideInAPackage(used)
                .allowEmptyShould(true);
    }

    private static ArchRule onlyClassCalls(String caller, Class<?> owner, String methods) {
        return noClasses()
                .that(outside(caller))
                .should()
                .accessTargetWhere(method(owner, methods))
                .allowEmptyShould(true);
    }

    private static DescribedPredicate<JavaClass> outside(String name) {
        return DescribedPredicate.describe(
                "are outside of " + name,
                candidate -> !candidate.getName().equals(name)
                        && !candidate.getName().startsWith(name + "$"));
    }

    /** Calls and method references alike. */
    private static DescribedPredicate<JavaAccess<?>> method(Class<?> owner, String nameRegex) {
        return target(owner(type(owner))).and(target(nameMatching(nameRegex)));
    }
}
