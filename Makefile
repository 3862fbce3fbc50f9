# make          build cli/target/pageflip.jar, without tests
# make run      build it if needed, and migrate a guest: cli/bin/pageflip migrate $(ARGS)
# make test     everything: format, lints, unit and integration tests
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

.PHONY: all run test format bench clean

all: $(JAR)

$(JAR): $(SOURCES)
	$(MVN_QUIET) -Dquick -Dmaven.test.skip=true package
	@touch $@

run: $(JAR)
	cli/bin/pageflip migrate $(ARGS)

test:
	$(MVN) verify

format:
	$(MVN_QUIET) spotless:apply

bench:
	@test -d migrator/src/bench/java || { echo 'There are no benchmarks in migrator/src/bench/java.' >&2; exit 1; }
	$(MVN_QUIET) -Dquick -Pbench -DskipTests -pl migrator -am verify $(if $(BENCH),'-Djmh.args=$(BENCH)')

clean:
	$(MVN_QUIET) clean
