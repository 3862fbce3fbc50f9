package io.pageflip.process;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.pageflip.json.JsonSchemas;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/** A JSON report of {@code pageflip migrate}, and what must hold of every one. */
final class Report {
    private static final Set<String> DOCUMENT = Set.of("schema", "host", "request", "runs", "summary");
    private static final Set<String> HOST = Set.of("kernel", "cpus", "page-size", "java");
    private static final Set<String> REQUEST = Set.of(
            "ram",
            "backing",
            "vcpus",
            "workload",
            "dirty-rate",
            "hot-set",
            "fill",
            "seed",
            "mechanism",
            "channel",
            "schedule",
            "batch",
            "gift",
            "no-way-back",
            "move",
            "runs",
            "warmup",
            "ping-pong",
            "verify",
            "run-after");
    private static final Set<String> RUN = Set.of(
            "status",
            "owner",
            "total-time",
            "setup-time",
            "downtime",
            "ram",
            "downtime-ns",
            "downtime-phases-ns",
            "pages",
            "blocks",
            "evidence",
            "verification",
            "guest",
            "throughput",
            "migration-gaps",
            "idle-gaps-ns",
            "peak-pss-bytes");
    private static final Set<String> RAM = Set.of(
            "total",
            "transferred",
            "remaining",
            "duplicate",
            "normal",
            "normal-bytes",
            "page-size",
            "mbps",
            "pages-per-second");
    private static final Set<String> PHASES =
            Set.of("stop", "pages", "save", "release", "notice", "lock", "load", "resume");
    private static final Set<String> PAGES =
            Set.of("total", "moved", "copied", "declined", "zero", "copy-reasons", "decline-reasons");
    private static final Set<String> BLOCK = Set.of("name", "backing", "page-size", "bytes", "pages", "pages-ns");
    private static final Set<String> EVIDENCE =
            Set.of("frames-visible", "compared", "same", "relocated-by-kernel", "different", "decided-by");
    private static final Set<String> FUSE =
            Set.of("write-back-running-ns", "write-back-standing-ns", "reads", "spliced-pages");
    private static final Set<String> SKIPPED = Set.of("status", "pages", "lost", "stale", "torn", "misplaced");
    private static final Set<String> VERIFICATION =
            Set.of("status", "pages", "lost", "stale", "torn", "misplaced", "vcpus", "console", "console-lines");
    private static final double NS_PER_MS = 1e6;

    private final JsonNode document;

    private Report(JsonNode document) {
        this.document = document;
    }

    static Report parse(String json) {
        try {
            JsonNode document = new ObjectMapper().readTree(json);
            assertKeepsToSchema(document);
            return new Report(document);
        } catch (JsonProcessingException e) {
            throw new AssertionError("no JSON: " + json, e);
        }
    }

    /** A document names its schema; a cell of a comparison has runs; an agent's report is a run. */
    private static void assertKeepsToSchema(JsonNode document) {
        if (document.has("schema")) {
            JsonSchemas.assertValid(document);
        } else if (document.has("runs")) {
            document.path("runs").forEach(JsonSchemas::assertValidRun);
        } else {
            JsonSchemas.assertValidRun(document);
        }
    }

    /** The report of one agent, which tells of its only run and no more. */
    static Report ofAgent(String json) {
        return parse("{\"runs\":[" + json + "]}");
    }

    JsonNode document() {
        return document;
    }

    JsonNode at(String pointer) {
        JsonNode found = document.at(pointer);
        assertThat(found.isMissingNode()).as("%s in %s", pointer, document).isFalse();
        return found;
    }

    /** The first run. */
    JsonNode run() {
        return at("/runs/0");
    }

    /** The counts of a block of the first run. */
    JsonNode pages(String block) {
        for (JsonNode candidate : at("/runs/0/blocks")) {
            if (candidate.path("name").asText().equals(block)) {
                return candidate.path("pages");
            }
        }
        throw new AssertionError("no block " + block + " in " + document);
    }

    /** Why pages of a block of the first run were copied. */
    Map<String, Long> reasons(String block) {
        return reasons(pages(block));
    }

    private static Map<String, Long> reasons(JsonNode pages) {
        Map<String, Long> reasons = new HashMap<>();
        pages.path("copy-reasons")
                .properties()
                .forEach(e -> reasons.put(e.getKey(), e.getValue().asLong()));
        return reasons;
    }

    /** Every run has completed, adds up, and has the documented keys; verification as it says. */
    Report assertCompleted(String verification) {
        assertKeys(document, DOCUMENT);
        assertThat(at("/schema").asText()).isEqualTo("pageflip.migration/2");
        assertKeys(at("/host"), HOST);
        boolean adopts = at("/request").has("adopt-chunk");
        boolean shares = at("/request").has("sharer");
        boolean brief = at("/request").has("warm-up"); // of a test that does not measure
        assertKeys(
                at("/request"), with(with(with(REQUEST, adopts, "adopt-chunk"), shares, "sharer"), brief, "warm-up"));
        assertKeys(at("/summary"), Set.of("downtime-ns"));
        assertThat(at("/runs")).hasSize(at("/request/runs").asInt());
        at("/runs").forEach(run -> assertThat(run.has("adopt")).isEqualTo(adopts));
        assertRunsCompleted(verification);
        assertSummary();
        return this;
    }

    /** As {@link #assertCompleted}, without what only {@code migrate} tells. */
    Report assertRunsCompleted(String verification) {
        at("/runs").forEach(run -> {
            Set<String> keys = with(
                    with(RUN, run.has("practice-ns"), "practice-ns"), run.has("guest-time-lost"), "guest-time-lost");
            assertKeys(run, with(with(keys, run.has("adopt"), "adopt"), run.has("fuse"), "fuse"));
            if (run.has("fuse")) {
                assertKeys(run.path("fuse"), FUSE);
            }
            assertRunCompleted(run, verification);
        });
        return this;
    }

    private static void assertRunCompleted(JsonNode run, String verification) {
        assertThat(run.path("status").asText()).isEqualTo("completed");
        assertThat(run.path("owner").asText()).isEqualTo("destination");
        assertPages(run);
        assertTimes(run);
        assertEvidence(run);
        JsonNode verified = run.path("verification");
        assertThat(verified.path("status").asText()).as("%s", verified).isEqualTo(verification);
        if (verification.equals("match")) {
            assertMatch(run, verified);
        } else {
            assertKeys(verified, SKIPPED);
        }
        assertKeys(run.path("guest"), Set.of("ran-for-ns", "instructions", "pages-written"));
        assertThat(run.at("/guest/instructions").asLong()).as("the guest lives").isPositive();
        assertPulse(run);
        assertThat(run.path("peak-pss-bytes").asLong()).isPositive();
    }

    /** A hundred milliseconds before the switchover, and some after it. */
    private static void assertPulse(JsonNode run) {
        JsonNode throughput = run.path("throughput");
        assertThat(throughput.path("slot-ns").asLong()).isEqualTo(1_000_000);
        assertThat(throughput.path("from-ns").asLong()).isBetween(-101_000_000L, -100_000_000L);
        List<Long> slots = new ArrayList<>();
        throughput.path("instructions").forEach(slot -> slots.add(slot.asLong()));
        assertThat(slots).hasSizeBetween(101, 1000).allMatch(count -> count >= 0);
        assertThat(slots.subList(100, slots.size()).stream()
                        .mapToLong(Long::longValue)
                        .sum())
                .as("instructions from the slot of the switchover on")
                .isPositive();
        assertThat(throughput.path("rate-before").isIntegralNumber()).isTrue();
        assertThat(throughput.path("recovered-ns").asLong(1)).isPositive();
        JsonNode gaps = run.path("idle-gaps-ns");
        List<Long> longest = new ArrayList<>();
        gaps.path("longest").forEach(gap -> longest.add(gap.asLong()));
        assertThat(longest).hasSizeLessThanOrEqualTo(5).isSortedAccordingTo(Comparator.reverseOrder());
        assertThat(gaps.path("max").asLong()).isEqualTo(longest.isEmpty() ? 0 : longest.get(0));
        assertThat(gaps.path("watched").asLong())
                .isBetween(
                        gaps.path("max").asLong(), run.at("/guest/ran-for-ns").asLong());
    }

    private static Set<String> with(Set<String> keys, boolean also, String key) {
        Set<String> all = new TreeSet<>(keys);
        if (also) {
            all.add(key);
        }
        return all;
    }

    private static void assertMatch(JsonNode run, JsonNode verified) {
        assertKeys(verified, VERIFICATION);
        long oraclePages = 0;
        for (JsonNode block : run.path("blocks")) {
            oraclePages += (block.path("bytes").asLong() + 4095) / 4096;
        }
        assertThat(verified.path("pages").asLong()).isEqualTo(oraclePages);
        for (String defect : List.of("lost", "stale", "torn", "misplaced")) {
            assertThat(verified.path(defect).asLong()).as(defect).isZero();
        }
        assertThat(verified.path("vcpus").asBoolean()).as("vCPU registers").isTrue();
        assertThat(verified.path("console").asBoolean())
                .as("console lines, each once")
                .isTrue();
        assertThat(verified.path("console-lines").asLong()).isPositive();
    }

    private static void assertPages(JsonNode run) {
        JsonNode all = run.path("pages");
        assertAddsUp(all);
        Map<String, Long> sums = new HashMap<>();
        long bytes = 0;
        for (JsonNode block : run.path("blocks")) {
            assertKeys(block, BLOCK);
            JsonNode pages = block.path("pages");
            assertAddsUp(pages);
            for (String count : List.of("total", "moved", "copied", "declined", "zero")) {
                sums.merge(count, pages.path(count).asLong(), Long::sum);
            }
            long pageSize = block.path("page-size").asLong();
            bytes += block.path("bytes").asLong();
            assertThat(pages.path("total").asLong())
                    .isEqualTo((block.path("bytes").asLong() + pageSize - 1) / pageSize);
        }
        sums.forEach(
                (count, sum) -> assertThat(all.path(count).asLong()).as(count).isEqualTo(sum));
        JsonNode ram = run.path("ram");
        assertKeys(ram, RAM);
        assertThat(ram.path("total").asLong()).isEqualTo(bytes);
        assertThat(ram.path("remaining").asLong()).isZero();
        assertThat(ram.path("duplicate").asLong()).isEqualTo(all.path("zero").asLong());
        assertThat(ram.path("normal").asLong())
                .isEqualTo(all.path("moved").asLong()
                        + all.path("copied").asLong()
                        + all.path("declined").asLong());
        assertThat(ram.path("transferred").asLong()).isPositive();
    }

    private static void assertAddsUp(JsonNode pages) {
        assertKeys(pages, PAGES);
        long copied = pages.path("copied").asLong();
        long declined = pages.path("declined").asLong();
        assertThat(pages.path("moved").asLong()
                        + copied
                        + declined
                        + pages.path("zero").asLong())
                .as("%s", pages)
                .isEqualTo(pages.path("total").asLong());
        assertThat(reasons(pages).values().stream().mapToLong(Long::longValue).sum())
                .as("%s", pages)
                .isEqualTo(copied);
        long reasons = 0;
        for (JsonNode count : pages.path("decline-reasons")) {
            reasons += count.asLong();
        }
        assertThat(reasons).as("%s", pages).isEqualTo(declined);
    }

    private static void assertTimes(JsonNode run) {
        JsonNode phases = run.path("downtime-phases-ns");
        assertKeys(phases, PHASES);
        long sum = 0;
        for (JsonNode phase : phases) {
            assertThat(phase.asLong()).as("%s", phases).isNotNegative();
            sum += phase.asLong();
        }
        long downtimeNs = run.path("downtime-ns").asLong();
        assertThat(sum).isEqualTo(downtimeNs);
        assertThat(run.path("downtime").asLong()).isEqualTo(Math.round(downtimeNs / NS_PER_MS));
        assertThat(run.path("total-time").asLong())
                .isGreaterThanOrEqualTo(run.path("setup-time").asLong());
    }

    /** Only what was compared can have differed, and nothing may differ without the kernel's doing. */
    private static void assertEvidence(JsonNode run) {
        JsonNode evidence = run.path("evidence");
        assertKeys(evidence, with(EVIDENCE, evidence.has("still-mapped"), "still-mapped"));
        assertThat(evidence.path("different").asLong()).isZero();
        assertThat(evidence.path("same").asLong()
                        + evidence.path("relocated-by-kernel").asLong())
                .isEqualTo(evidence.path("compared").asLong());
        long visible = evidence.path("frames-visible").asBoolean()
                ? run.at("/pages/moved").asLong()
                : 0;
        assertThat(evidence.path("compared").asLong()).as("%s", evidence).isEqualTo(visible);
    }

    private void assertSummary() {
        long[] sorted = new long[at("/runs").size()];
        for (int i = 0; i < sorted.length; i++) {
            sorted[i] = at("/runs/" + i + "/downtime-ns").asLong();
        }
        java.util.Arrays.sort(sorted);
        JsonNode summary = at("/summary/downtime-ns");
        assertKeys(summary, Set.of("min", "p50", "p90", "p99", "max"));
        assertThat(summary.path("min").asLong()).isEqualTo(sorted[0]);
        assertThat(summary.path("p50").asLong()).isEqualTo(sorted[(sorted.length - 1) / 2]);
        assertThat(summary.path("max").asLong()).isEqualTo(sorted[sorted.length - 1]);
        assertThat(summary.path("p99").asLong()).isEqualTo(sorted[sorted.length - 1]);
    }

    /** The only run ended in some other way, and somebody or nobody has the guest. */
    JsonNode assertEnded(String status, String owner) {
        JsonNode run = run();
        assertThat(run.path("status").asText()).as("%s", run).isEqualTo(status);
        assertThat(run.path("owner").asText()).as("%s", run).isEqualTo(owner);
        assertThat(run.at("/error/message").asText()).as("%s", run).isNotBlank();
        assertThat(run.at("/error/class").asText()).as("%s", run).isNotBlank();
        return run;
    }

    /** The guest lives on at the source, with nothing lost and every console line once. */
    void assertLivesOnAtSource(String status) {
        JsonNode verified = assertEnded(status, "source").path("verification");
        assertKeys(verified, VERIFICATION);
        assertThat(verified.path("status").asText()).as("%s", verified).isEqualTo("match");
        assertThat(verified.path("vcpus").asBoolean()).as("%s", verified).isTrue();
        assertThat(verified.path("console").asBoolean()).as("%s", verified).isTrue();
        assertThat(verified.path("console-lines").asLong()).as("%s", verified).isPositive();
    }

    static void assertKeys(JsonNode object, Set<String> keys) {
        Set<String> found = new TreeSet<>();
        object.fieldNames().forEachRemaining(found::add);
        assertThat(found).as("keys of %s", object).containsExactlyInAnyOrderElementsOf(keys);
    }
}
