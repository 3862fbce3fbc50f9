package io.pageflip.control;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.pageflip.memory.BasePage;
import io.pageflip.metrics.Measured;
import io.pageflip.metrics.PrecopyResult;
import io.pageflip.metrics.Progress;
import io.pageflip.metrics.ResultJson;
import io.pageflip.metrics.RunResult;
import io.pageflip.metrics.VerificationResult;
import io.pageflip.migration.AgentRole;
import io.pageflip.os.NanoClock;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The result of {@code query-migrate}: QEMU's fields that have a meaning here, in QEMU's units, and ours, which begin
 * with {@code __io.pageflip_}. While a migration runs, it is true at that moment. docs/qmp.md lists the fields.
 */
final class MigrationQuery {
    /** QEMU's {@code MigrationStatus}. */
    static final List<String> STATUSES = List.of(
            "none",
            "setup",
            "cancelling",
            "cancelled",
            "active",
            "postcopy-active",
            "postcopy-paused",
            "postcopy-recover",
            "completed",
            "failed",
            "pre-switchover",
            "device");

    private static final String OURS = "__io.pageflip_";
    private static final double NS_PER_MS = 1e6;
    private static final double NS_PER_S = 1e9;

    private final ControlledAgent agent;
    private final MigrationSettings settings;
    private final NanoClock clock;

    MigrationQuery(ControlledAgent agent, MigrationSettings settings, NanoClock clock) {
        this.agent = agent;
        this.settings = settings;
        this.clock = clock;
    }

    /** The result now. */
    ObjectNode json() {
        ObjectNode json = JsonNodeFactory.instance.objectNode();
        MigrationRun run = agent.migration();
        if (run == null) {
            return json; // as QEMU before the first migration
        }
        json.put("status", run.status());
        if (run.error() != null) {
            json.put("error-desc", run.error());
        }
        RunResult result = run.result();
        Measured measured = result == null ? null : result.measured();
        if (measured == null) {
            json.put("total-time", Math.round(run.durationNs(clock.nanoTime()) / NS_PER_MS));
            json.put("setup-time", Math.round(run.setupNs() / NS_PER_MS));
            addProgress(json, run);
        } else {
            addResult(json, measured);
        }
        PrecopyResult.Round round = agent.progress().lastRound();
        if (round != null && run.role() == AgentRole.SOURCE) {
            if (round.expectedDowntimeNs() != Long.MAX_VALUE) { // nothing crossed in it: who knows
                json.put("expected-downtime", Math.round(round.expectedDowntimeNs() / NS_PER_MS));
            }
            json.put("cpu-throttle-percentage", round.throttlePercent());
        }
        if (result != null) {
            json.put(OURS + "owner", result.owner().toString());
            VerificationResult verification = result.verification();
            if (verification != null && verification.status() != VerificationResult.Status.SKIPPED) {
                json.set(OURS + "verification", ResultJson.MAPPER.valueToTree(verification));
            }
        }
        return json;
    }

    private void addProgress(ObjectNode json, MigrationRun run) {
        Progress progress = agent.progress();
        PrecopyResult.Round round = run.role() == AgentRole.SOURCE ? progress.lastRound() : null;
        long total = run.request().guest().ramBytes();
        long remaining = progress.phase() == Progress.Phase.PAGES
                ? Math.max(0, progress.totalPages() - progress.donePages()) * BasePage.BYTES
                : 0;
        ObjectNode ram = json.putObject("ram");
        if (run.role() == AgentRole.SOURCE) {
            ram.put("total", total);
        }
        ram.put("transferred", progress.transferredBytes());
        ram.put("remaining", remaining);
        ram.put("page-size", BasePage.BYTES);
        addRound(ram, round);
    }

    private static void addRound(ObjectNode ram, PrecopyResult.@Nullable Round round) {
        ram.put("dirty-sync-count", round == null ? 1 : round.round() + 1);
        if (round != null) {
            ram.put("mbps", round.mbps());
            ram.put(
                    "dirty-pages-rate",
                    round.durationNs() == 0 ? 0 : Math.round(round.pagesDirtied() / (round.durationNs() / NS_PER_S)));
        }
    }

    private void addResult(ObjectNode json, Measured measured) {
        json.put("total-time", measured.totalTimeMs());
        json.put("setup-time", measured.setupTimeMs());
        json.put("downtime", measured.downtimeMs());
        ObjectNode ram = ResultJson.MAPPER.valueToTree(measured.ram());
        addRound(ram, agent.progress().lastRound());
        json.set("ram", ram);
        if (measured.blackoutNs() != null && settings.has(MigrationSettings.BLOCKTIME)) {
            json.put("postcopy-blocktime", Math.round(measured.blackoutNs() / NS_PER_MS));
        }
        json.put(OURS + "downtime-ns", measured.downtimeNs());
        json.set(OURS + "downtime-phases-ns", ResultJson.MAPPER.valueToTree(measured.downtimePhasesNs()));
        json.set(OURS + "pages", ResultJson.MAPPER.valueToTree(measured.pages()));
        json.set(OURS + "evidence", ResultJson.MAPPER.valueToTree(measured.evidence()));
        if (measured.blackoutNs() != null) {
            json.put(OURS + "blackout-ns", measured.blackoutNs());
        }
    }
}
