# make          build cli/target/pageflip.jar, without tests
# make run      build it if needed, and migrate a guest: cli/bin/pageflip migrate $(ARGS)
# make check    in a minute, before each commit: the format, javac's lints and the unit tests of everything, Error Prone of
#               the files that differ from the last commit (of all, outside of a git repository)
# make test     everything: format, lints, unit and integration tests
# make fuzz     damaged sessions for SECONDS=60
# make soak     one guest to and fro for SECONDS=60: nothing grows
# make format   format the Java sources
# make bench    the JMH benchmarks of the migrator; BENCH='a regular expression and JMH options'
# make clean    remove what was built

MVN := mvn -B -ntp
# Warnings and errors only. (-q would hide the warnings that -Werror turns into a failure.)
MVN_QUIET := $(MVN) -Dorg.slf4j.simpleLogger.defaultLogLevel=warn
JAR := cli/target/pageflip.jar

# Directories count as well: their time stamps tell that a file was removed.
SOURCES := pom.xml $(wildcard .mvn/*) LICENSE \
	$(foreach module,guest-sim migrator cli,$(module)/pom.xml $(shell find $(module)/src/main 2>/dev/null))

# What Error Prone leaves out in "make check": a regular expression of paths.
CHANGED = $(shell git diff --name-only --relative HEAD -- '*.java') \
	$(shell git ls-files --others --exclude-standard -- '*.java')
EMPTY :=
UNCHANGED = $(if $(shell git rev-parse HEAD 2>/dev/null),$(if $(strip $(CHANGED)),(?!.*/($(subst $(EMPTY) ,|,$(strip \
	$(CHANGED))))$$).*,.*),.*/target/.*)

.PHONY: all run check test fuzz soak format bench clean

all: $(JAR)

$(JAR): $(SOURCES)
	$(MVN_QUIET) -Dquick -Dmaven.test.skip=true package

run: $(JAR)
	cli/bin/pageflip migrate $(ARGS)

check:
	@$(MVN_QUIET) spotless:check & format=$$!; \
	$(MVN_QUIET) -Dquick -Dbuild.dir=target/check '-Derrorprone.excluded=$(UNCHANGED)' \
		test; tests=$$?; \
	wait $$format && test $$tests = 0 && echo 'Format, lints and unit tests are good.'

test:
	$(MVN) verify

SECONDS := 60
ONE_TEST = $(MVN) -Dquick -am verify -Dtest=NoSuchTest

fuzz:
	$(ONE_TEST) -pl migrator -Dit.test=SessionFuzzIT -Dpageflip.fuzz.seconds=$(SECONDS)

soak:
	$(ONE_TEST) -pl cli -Dit.test=SoakIT -Dpageflip.soak.seconds=$(SECONDS)

format:
	$(MVN_QUIET) spotless:apply

bench:
	@test -d migrator/src/bench/java || { echo 'There are no benchmarks in migrator/src/bench/java.' >&2; exit 1; }
	$(MVN_QUIET) -Dquick -Pbench -DskipTests -DskipITs -pl migrator -am verify $(if $(BENCH),'-Djmh.args=$(BENCH)')

clean:
	$(MVN_QUIET) clean
