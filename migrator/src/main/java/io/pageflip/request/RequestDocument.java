package io.pageflip.request;

import io.pageflip.guest.Workload;
import io.pageflip.metrics.ResultJson;
import io.pageflip.ram.DirtyTracking;
import io.pageflip.scenario.ScriptedFault;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A {@link MigrationRequest} as JSON: one object, whose keys are named as the options of {@code pageflip migrate}, with
 * every value resolved. The {@code request} of a report is this document, and an agent that is started for a migration
 * reads it. A key that does not apply is absent, as {@code prefetch} is without a postcopy. {@link #of} and
 * {@link #read} list the same keys in the same order.
 */
public final class RequestDocument {
    private static final long NS_PER_MS = 1_000_000;
    private static final double NS_PER_S = 1e9;

    private RequestDocument() {}

    /** The keys and their values, in the order of a report; a new map, which the caller owns. */
    public static Map<String, Object> of(MigrationRequest request) {
        Map<String, Object> keys = new LinkedHashMap<>();
        keys.put("ram", request.guest().ramBytes());
        keys.put("backing", request.place().toString());
        keys.put("vcpus", request.guest().vcpus());
        keys.put("workload", request.guest().workload().toString());
        keys.put("dirty-rate", request.guest().dirtyRate());
        keys.put("hot-set", request.guest().hotSetPercent());
        keys.put("fill", request.guest().fillPercent());
        keys.put("seed", request.guest().seed());
        if (request.parts().sharer() != 0) {
            keys.put("sharer", request.parts().sharer());
        }
        keys.putAll(request.parts().conditions());
        keys.put("mechanism", request.mechanism().toString());
        keys.put("channel", request.channel().toString());
        keys.put("schedule", request.schedule().toString());
        keys.put("batch", request.batchPages());
        keys.put("gift", request.gifts());
        keys.put("no-way-back", request.noWayBack());
        putIfSaid(keys, "switchover-timeout", request.transfer().switchoverTimeoutS());
        if (request.adopts()) {
            keys.put("adopt-chunk", request.adoptChunkBytes());
        }
        if (request.schedule() == Schedule.PRECOPY) {
            putPrecopy(keys, request);
        }
        keys.put("move", request.moves());
        if (request.mayPostcopy()) {
            keys.put("prefetch", request.postcopySettings().prefetchPages());
        }
        putIfSaid(keys, "late-batch", request.postcopy().batchPages());
        putIfSaid(keys, "recover-timeout", request.postcopy().recoverTimeoutS());
        keys.put("verify", request.verify());
        keys.put("run-after", request.runAfterS());
        putIfAny(keys, "source-fault", request.sourceFault());
        putIfAny(keys, "destination-fault", request.destinationFault());
        if (request.warmUp() != WarmUpLength.FULL) {
            keys.put("warm-up", request.warmUp().toString());
        }
        if (request.traces()) {
            keys.put("trace", true);
        }
        return keys;
    }

    private static void putPrecopy(Map<String, Object> keys, MigrationRequest request) {
        PrecopyLimits limits = request.limits();
        keys.put("downtime-limit", limits.downtimeLimitNs() / NS_PER_MS);
        keys.put("max-bandwidth", limits.maxBandwidth());
        keys.put("max-rounds", limits.maxRounds());
        keys.put("auto-converge", limits.autoConverge());
        keys.put("timeout", limits.timeoutNs() / NS_PER_S);
        keys.put("on-timeout", limits.onTimeout().toString());
        keys.put("dirty-tracking", request.dirtyTracking().toString());
    }

    private static void putIfSaid(Map<String, Object> keys, String key, @Nullable Object value) {
        if (value != null) {
            keys.put(key, value);
        }
    }

    private static void putIfAny(Map<String, Object> keys, String key, ScriptedFault fault) {
        if (fault.action() != null) {
            keys.put(key, fault.toString());
        }
    }

    /** The document in one line. */
    public static String write(MigrationRequest request) {
        return ResultJson.write(of(request));
    }

    /**
     * Reads what {@link #write} writes. It does not check whether the request makes sense; see {@link RequestRules}.
     *
     * @throws RefusedException if a key is missing or unknown, or has a value that is not one of its kind; the message
     *     says which
     */
    public static MigrationRequest read(String json) throws RefusedException {
        DocumentKeys keys = DocumentKeys.of(json);
        RequestBuilder builder = new RequestBuilder()
                .ramBytes(keys.wholeNumber("ram"))
                .place(keys.parsed("backing", RamPlace::parse, RamPlace.words()))
                .vcpus(keys.smallNumber("vcpus"))
                .workload(keys.oneOf("workload", Workload.values()))
                .dirtyRate(keys.wholeNumber("dirty-rate"))
                .hotSetPercent(keys.smallNumber("hot-set"))
                .fillPercent(keys.smallNumber("fill"))
                .seed(keys.wholeNumber("seed"))
                .parts(new RamParts(
                        part(keys, "sharer"),
                        part(keys, "thp"),
                        part(keys, "forked"),
                        part(keys, "unaligned"),
                        part(keys, "present"),
                        part(keys, "unmapped")))
                .mechanism(keys.oneOf("mechanism", Mechanism.values()))
                .channel(keys.oneOf("channel", ChannelKind.values()))
                .schedule(keys.oneOf("schedule", Schedule.values()))
                .batchPages(keys.smallNumber("batch"))
                .gifts(keys.truth("gift"))
                .noWayBack(keys.truth("no-way-back"))
                .switchoverTimeoutS(keys.has("switchover-timeout") ? keys.number("switchover-timeout") : null)
                .adopt(
                        keys.has("adopt-chunk")
                                ? new MigrationRequest.Adopt(true, keys.wholeNumber("adopt-chunk"))
                                : MigrationRequest.Adopt.NONE)
                .precopy(precopy(keys))
                .moves(keys.truth("move"))
                .postcopy(new MigrationRequest.Postcopy(
                        keys.has("prefetch") ? keys.smallNumber("prefetch") : null,
                        keys.has("late-batch") ? keys.smallNumber("late-batch") : null,
                        keys.has("recover-timeout") ? keys.wholeNumber("recover-timeout") : null))
                .verify(keys.truth("verify"))
                .runAfterS(keys.number("run-after"))
                .sourceFault(fault(keys, "source-fault"))
                .destinationFault(fault(keys, "destination-fault"))
                .warmUp(keys.has("warm-up") ? keys.oneOf("warm-up", WarmUpLength.values()) : WarmUpLength.FULL)
                .traces(keys.has("trace") && keys.truth("trace"));
        keys.refuseOthers();
        return builder.build();
    }

    private static int part(DocumentKeys keys, String key) throws RefusedException {
        return keys.has(key) ? keys.smallNumber(key) : 0;
    }

    /** A limit of 0 means none: it becomes null, because no option can say 0. */
    private static MigrationRequest.Precopy precopy(DocumentKeys keys) throws RefusedException {
        Long maxBandwidth = keys.has("max-bandwidth") ? Long.valueOf(keys.wholeNumber("max-bandwidth")) : null;
        Integer maxRounds = keys.has("max-rounds") ? Integer.valueOf(keys.smallNumber("max-rounds")) : null;
        return new MigrationRequest.Precopy(
                keys.has("downtime-limit") ? keys.wholeNumber("downtime-limit") : null,
                maxBandwidth != null && maxBandwidth == 0 ? null : maxBandwidth,
                maxRounds != null && maxRounds == 0 ? null : maxRounds,
                keys.has("auto-converge") && keys.truth("auto-converge"),
                keys.has("timeout") ? keys.number("timeout") : null,
                keys.has("on-timeout") ? keys.oneOf("on-timeout", PrecopyLimits.OnTimeout.values()) : null,
                keys.has("dirty-tracking") ? keys.oneOf("dirty-tracking", DirtyTracking.values()) : null);
    }

    private static ScriptedFault fault(DocumentKeys keys, String key) throws RefusedException {
        return keys.has(key) ? keys.parsed(key, ScriptedFault::parse, null) : ScriptedFault.NONE;
    }
}
