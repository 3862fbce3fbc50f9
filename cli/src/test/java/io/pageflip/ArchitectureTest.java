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
import com.tngtech.archunit.core.importer.ImportOption.DoNotIncludeTests;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.library.Architectures.LayeredArchitecture;
import java.util.Arrays;
import java.util.regex.Pattern;

/**
 * Which package may use what, over the main classes of all modules. A package that does not exist yet breaks no rule.
 */
@AnalyzeClasses(packages = "io.pageflip", importOptions = DoNotIncludeTests.class)
final class ArchitectureTest {
    private static final String MAIN = "io.pageflip.cli.Main";
    private static final String CLOCK = "io.pageflip.os.NanoClock";
    private static final Pattern BLANKS = Pattern.compile(" +");

    /** A package, and which of the others it may use; in the order in which each may only use what stands above it. */
    private static final String MAY_USE = """
            memory
            os          memory
            guest       memory os
            kernel      memory
            metrics     memory os guest
            fault       os
            wire        memory os guest metrics
            channel     memory os guest metrics wire
            transfer    memory os guest metrics wire channel
            source      memory os guest metrics fault wire channel transfer
            destination memory os guest metrics fault wire channel transfer
            migration   memory os guest metrics fault wire channel transfer source destination kernel
            prediction  memory guest kernel metrics wire
            cli         memory os guest metrics fault wire channel transfer source destination kernel migration prediction
            """;

    @ArchTest
    static final ArchRule LAYERS = layers();

    @ArchTest
    static final ArchRule NO_CYCLES =
            slices().matching("io.pageflip.(*)..").should().beFreeOfCycles().allowEmptyShould(true);

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
        for (String row : MAY_USE.lines().toList()) {
            String user = BLANKS.split(row, -1)[0];
            architecture = architecture.optionalLayer(user).definedBy("io.pageflip." + user + "..");
        }
        for (String row : MAY_USE.lines().toList()) {
            String[] names = BLANKS.split(row, -1);
            String[] used = Arrays.copyOfRange(names, 1, names.length);
            architecture = used.length == 0
                    ? architecture.whereLayer(names[0]).mayNotAccessAnyLayer()
                    : architecture.whereLayer(names[0]).mayOnlyAccessLayers(used);
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
