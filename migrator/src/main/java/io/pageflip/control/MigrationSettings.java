package io.pageflip.control;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.pageflip.agent.Throttling;
import io.pageflip.guest.GuestConfig;
import io.pageflip.qmp.QmpException;
import io.pageflip.request.Mechanism;
import io.pageflip.request.MigrationRequest;
import io.pageflip.request.PrecopyLimits;
import io.pageflip.request.RamParts;
import io.pageflip.request.RamPlace;
import io.pageflip.request.Refusal;
import io.pageflip.request.RequestRules;
import io.pageflip.request.Schedule;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * QEMU's parameters and capabilities of migrations, as far as they have a meaning here, and ours; and what they make of
 * the request that was typed. docs/qmp.md says how the words map. The server's thread changes them; any thread may ask.
 */
final class MigrationSettings {
    static final String EVENTS = "events";
    static final String POSTCOPY = "postcopy-ram";
    static final String PAUSE = "pause-before-switchover";
    private static final String AUTO_CONVERGE = "auto-converge";
    static final String BLOCKTIME = "postcopy-blocktime";
    private static final String IGNORE_SHARED = "x-ignore-shared";
    private static final String GIFT = "__io.pageflip_gift";

    private static final String DOWNTIME_LIMIT = "downtime-limit";
    private static final String MAX_BANDWIDTH = "max-bandwidth";
    private static final String THROTTLE_INITIAL = "cpu-throttle-initial";
    private static final String THROTTLE_INCREMENT = "cpu-throttle-increment";
    private static final String THROTTLE_MAX = "max-cpu-throttle";
    private static final String THROTTLE_TRIGGER = "throttle-trigger-threshold";
    private static final String MODE = "mode";
    private static final String MECHANISM = "__io.pageflip_mechanism";
    private static final String SCHEDULE = "__io.pageflip_schedule";

    /** What QEMU's words choose, where ours are not used. */
    private static final String BY_QEMUS_WORDS = "auto";

    private static final String CPR_TRANSFER = "cpr-transfer";
    private static final long MOST_DOWNTIME_MS = 2_000_000;
    private static final long LEAST_BANDWIDTH = 1 << 20;
    private static final double NEVER = 0;

    /** The members of {@code migrate-set-parameters}. */
    static final List<QapiType.Member> PARAMETERS = List.of(
            QapiType.Member.optional(DOWNTIME_LIMIT, QapiType.INT),
            QapiType.Member.optional(MAX_BANDWIDTH, QapiType.INT),
            QapiType.Member.optional(THROTTLE_INITIAL, QapiType.INT),
            QapiType.Member.optional(THROTTLE_INCREMENT, QapiType.INT),
            QapiType.Member.optional(THROTTLE_MAX, QapiType.INT),
            QapiType.Member.optional(THROTTLE_TRIGGER, QapiType.INT),
            QapiType.Member.optional(MODE, new QapiType.Choice("MigMode", List.of("normal", CPR_TRANSFER))),
            QapiType.Member.optional(
                    MECHANISM, new QapiType.Choice("__io.pageflip_Mechanism", words(Mechanism.values()))),
            QapiType.Member.optional(
                    SCHEDULE, new QapiType.Choice("__io.pageflip_Schedule", words(Schedule.values()))));

    private static final List<String> CAPABILITIES =
            List.of(EVENTS, AUTO_CONVERGE, POSTCOPY, BLOCKTIME, PAUSE, IGNORE_SHARED, GIFT);

    /** The argument of {@code migrate-set-capabilities}. */
    static final List<QapiType.Member> CAPABILITY_ARGUMENTS = List.of(QapiType.Member.required(
            "capabilities",
            new QapiType.ListOf(new QapiType.Struct(
                    "MigrationCapabilityStatus",
                    List.of(
                            QapiType.Member.required(
                                    "capability", new QapiType.Choice("MigrationCapability", CAPABILITIES)),
                            QapiType.Member.required("state", QapiType.BOOL))))));

    private final MigrationRequest typed;
    private final Map<String, Boolean> capabilities = new LinkedHashMap<>();
    private final Map<String, Long> numbers = new LinkedHashMap<>();
    private final Map<String, String> choices = new LinkedHashMap<>();

    /**
     * The settings at the beginning.
     *
     * @param typed what the command line asked for
     * @param typedWay whether it named the mechanism or the schedule: then that is what a migration does, whatever
     *     QEMU's words say
     */
    MigrationSettings(MigrationRequest typed, boolean typedWay, boolean pausesBeforeSwitchover) {
        this.typed = typed;
        CAPABILITIES.forEach(name -> capabilities.put(name, false));
        capabilities.put(GIFT, typed.gifts());
        capabilities.put(AUTO_CONVERGE, typed.precopy().autoConverge());
        capabilities.put(PAUSE, pausesBeforeSwitchover);
        PrecopyLimits limits = typed.limits();
        numbers.put(DOWNTIME_LIMIT, limits.downtimeLimitNs() / 1_000_000);
        numbers.put(MAX_BANDWIDTH, limits.maxBandwidth());
        numbers.put(THROTTLE_INITIAL, (long) Throttling.DEFAULT.initialPercent());
        numbers.put(THROTTLE_INCREMENT, (long) Throttling.DEFAULT.incrementPercent());
        numbers.put(THROTTLE_MAX, (long) Throttling.DEFAULT.maxPercent());
        numbers.put(THROTTLE_TRIGGER, (long) Throttling.DEFAULT.triggerPercent());
        choices.put(MODE, "normal");
        choices.put(MECHANISM, typedWay ? typed.mechanism().toString() : BY_QEMUS_WORDS);
        choices.put(SCHEDULE, typedWay ? typed.schedule().toString() : BY_QEMUS_WORDS);
    }

    private static List<String> words(Object[] values) {
        List<String> words = new ArrayList<>(List.of(BY_QEMUS_WORDS));
        Arrays.stream(values).map(Object::toString).forEach(words::add);
        return words;
    }

    synchronized boolean has(String capability) {
        return Boolean.TRUE.equals(capabilities.get(capability));
    }

    /** Whether these capabilities only change what clients are told, and may so be set while a migration runs. */
    static boolean onlyChangeWhatIsTold(JsonNode list) {
        for (JsonNode one : list) {
            String name = one.path("capability").asText();
            if (!name.equals(EVENTS) && !name.equals(BLOCKTIME)) {
                return false;
            }
        }
        return true;
    }

    /** Sets capabilities that have been checked. */
    synchronized void setCapabilities(JsonNode list) {
        for (JsonNode one : list) {
            capabilities.put(one.path("capability").asText(), one.path("state").asBoolean());
        }
    }

    synchronized ArrayNode capabilities() {
        ArrayNode list = JsonNodeFactory.instance.arrayNode();
        capabilities.forEach(
                (name, state) -> list.addObject().put("state", state).put("capability", name));
        return list;
    }

    /** Sets parameters whose types have been checked: all, or none if one is out of its range. */
    synchronized void setParameters(ObjectNode given) throws QmpException {
        for (Map.Entry<String, JsonNode> entry : given.properties()) {
            if (numbers.containsKey(entry.getKey())) {
                checkRange(entry.getKey(), entry.getValue().asLong());
            }
        }
        for (Map.Entry<String, JsonNode> entry : given.properties()) {
            if (numbers.containsKey(entry.getKey())) {
                numbers.put(entry.getKey(), entry.getValue().asLong());
            } else {
                choices.put(entry.getKey(), entry.getValue().asText());
            }
        }
    }

    private static void checkRange(String name, long value) throws QmpException {
        boolean right = switch (name) {
            case MAX_BANDWIDTH -> value == 0 || value >= LEAST_BANDWIDTH;
            case DOWNTIME_LIMIT -> value >= 1 && value <= MOST_DOWNTIME_MS;
            default -> value >= 1 && value <= (name.equals(THROTTLE_TRIGGER) ? 100 : 99);
        };
        if (!right) {
            throw QmpException.generic("Parameter '" + name + "' expects "
                    + switch (name) {
                        case MAX_BANDWIDTH -> "0, for no limit, or an integer of at least " + LEAST_BANDWIDTH;
                        case DOWNTIME_LIMIT -> "an integer in the range of 1 to " + MOST_DOWNTIME_MS + " milliseconds";
                        default -> "an integer in the range of 1 to " + (name.equals(THROTTLE_TRIGGER) ? 100 : 99);
                    });
        }
    }

    synchronized ObjectNode parameters() {
        ObjectNode all = JsonNodeFactory.instance.objectNode();
        numbers.forEach(all::put);
        choices.forEach(all::put);
        return all;
    }

    /** The limits of a migration that runs, with those that may be set meanwhile as they are now. */
    synchronized PrecopyLimits limits(PrecopyLimits atStart) {
        return new PrecopyLimits(
                number(DOWNTIME_LIMIT) * 1_000_000,
                number(MAX_BANDWIDTH),
                atStart.maxRounds(),
                atStart.autoConverge(),
                atStart.timeoutNs(),
                atStart.onTimeout());
    }

    synchronized Throttling throttling() {
        return new Throttling(
                (int) number(THROTTLE_INITIAL), (int) number(THROTTLE_INCREMENT), (int) number(THROTTLE_MAX), (int)
                        number(THROTTLE_TRIGGER));
    }

    private long number(String name) {
        Long value = numbers.get(name);
        return value == null ? 0 : value;
    }

    private @Nullable String choice(String name) {
        String value = choices.get(name);
        return BY_QEMUS_WORDS.equals(value) ? null : value;
    }

    /**
     * The request that the settings make of what was typed.
     *
     * @param guest that is here; one that came from another agent is not the one that was typed
     * @throws QmpException if they do not fit together; the text says why
     */
    synchronized MigrationRequest request(GuestConfig guest) throws QmpException {
        boolean ours = guest.equals(typed.guest());
        Mechanism mechanism = mechanism();
        Schedule schedule = schedule(mechanism);
        boolean precopy = schedule == Schedule.PRECOPY;
        MigrationRequest.Transfer transfer = typed.transfer();
        MigrationRequest request = new MigrationRequest(
                guest,
                ours ? typed.place() : new RamPlace(guest.backing()),
                ours ? typed.parts() : RamParts.NONE,
                new MigrationRequest.Transfer(
                        mechanism,
                        transfer.channel(),
                        schedule,
                        transfer.batchPages(),
                        has(GIFT) || !mechanism.moves(), // a mechanism that moves no page gives none up anyway
                        transfer.moves(),
                        transfer.noWayBack(),
                        transfer.switchoverTimeoutS()),
                typed.adopt(),
                precopy ? precopy(mechanism) : MigrationRequest.Precopy.NONE,
                mechanism == Mechanism.PULL || schedule == Schedule.POSTCOPY
                        ? typed.postcopy()
                        : MigrationRequest.Postcopy.NONE,
                typed.verify(),
                typed.runAfterS(),
                typed.faults(),
                typed.warmUp(),
                typed.traces());
        Optional<Refusal> refusal = RequestRules.check(request);
        if (refusal.isPresent()) {
            throw QmpException.generic(refusal.get().sentence());
        }
        return request;
    }

    /** The request of a destination, which learns the rest from its source. */
    MigrationRequest incomingRequest() {
        return typed;
    }

    private MigrationRequest.Precopy precopy(Mechanism mechanism) {
        MigrationRequest.Precopy said = typed.precopy();
        boolean becomesPostcopy = has(POSTCOPY) && mechanism == Mechanism.PULL;
        return new MigrationRequest.Precopy(
                number(DOWNTIME_LIMIT),
                number(MAX_BANDWIDTH) == 0 ? null : number(MAX_BANDWIDTH),
                said.maxRounds(),
                has(AUTO_CONVERGE),
                said.timeoutS() == null ? (Double) NEVER : said.timeoutS(),
                becomesPostcopy && said.onTimeout() == null ? PrecopyLimits.OnTimeout.POSTCOPY : said.onTimeout(),
                said.dirtyTracking());
    }

    private static <E extends Enum<E>> E named(E[] values, String word) {
        return Arrays.stream(values)
                .filter(value -> value.toString().equals(word))
                .findFirst()
                .orElseThrow();
    }

    private boolean sharesPages() {
        return has(IGNORE_SHARED) || CPR_TRANSFER.equals(choices.get(MODE));
    }

    private Mechanism mechanism() {
        String ours = choice(MECHANISM);
        if (ours != null) {
            return named(Mechanism.values(), ours);
        }
        if (sharesPages()) {
            return Mechanism.FLIP;
        }
        return has(POSTCOPY) ? Mechanism.PULL : Mechanism.STREAM;
    }

    private Schedule schedule(Mechanism mechanism) {
        String ours = choice(SCHEDULE);
        if (ours != null) {
            return named(Schedule.values(), ours);
        }
        if (mechanism == Mechanism.FLIP) {
            return has(POSTCOPY) ? Schedule.POSTCOPY : has(GIFT) ? Schedule.HANDOVER : Schedule.STOP_AND_MOVE;
        }
        return mechanism == Mechanism.FUSE ? Schedule.STOP_AND_MOVE : Schedule.PRECOPY;
    }
}
