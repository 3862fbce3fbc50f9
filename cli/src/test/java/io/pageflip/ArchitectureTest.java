package io.pageflip;

import static com.tngtech.archunit.core.domain.JavaAccess.Predicates.target;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.type;
import static com.tngtech.archunit.core.domain.properties.HasName.Predicates.nameMatching;
import static com.tngtech.archunit.core.domain.properties.HasOwner.Predicates.With.owner;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.Architectures.layeredArchitecture;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaAccess;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.core.importer.Location;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.library.Architectures.LayeredArchitecture;
import java.util.List;

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
            "verification",
            "switchover",
            "guest",
            "kernel",
            "metrics",
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
            "prediction",
            "cli");

    @ArchTest
    static final ArchRule LAYERS = layers();

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
    static final ArchRule NOBODY_SLEEPS = noClasses().should().accessTargetWhere(method(Thread.class, "sleep"));

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
