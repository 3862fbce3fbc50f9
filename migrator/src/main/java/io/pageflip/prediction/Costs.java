package io.pageflip.prediction;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.core.JsonProcessingException;
import io.pageflip.kernel.Outcome;
import io.pageflip.kernel.workload.SimulationResult;
import io.pageflip.metrics.ResultJson;
import io.pageflip.request.Mechanism;
import java.io.IOException;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * How long the pages phase takes on a host: for each mechanism a fixed time, and a time for each page. As JSON it is a
 * file, which a person may also write.
 *
 * @param schema {@link #SCHEMA}
 * @param host a description of the host on which they were measured
 * @param mechanisms costs by the mechanism's name; a mechanism that could not be measured is absent
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record Costs(String schema, @Nullable String host, Map<String, Cost> mechanisms) {
    /** The only schema so far. */
    public static final String SCHEMA = "pageflip.costs/1";

    public Costs {
        mechanisms = new TreeMap<>(mechanisms);
    }

    /**
     * The costs of one mechanism, in nanoseconds.
     *
     * @param fixedNs the part that does not depend on the number of pages
     * @param nsPerPage for each page of 4 KiB, with batches of 512 pages
     */
    public record Cost(double fixedNs, double nsPerPage) {
        /** The time for so many pages. */
        long ofPages(long pages) {
            return Math.round(fixedNs + pages * nsPerPage);
        }
    }

    /**
     * Reads {@link #json}.
     *
     * @throws IOException if it is no such document, or a cost is negative or no number
     */
    public static Costs parse(String json) throws IOException {
        Costs costs;
        try {
            costs = ResultJson.MAPPER.readValue(json, Costs.class);
        } catch (JsonProcessingException | IllegalArgumentException | NullPointerException e) {
            throw new IOException("not a JSON document of costs, schema " + SCHEMA, e);
        }
        if (costs == null || !SCHEMA.equals(costs.schema)) {
            throw new IOException("not a JSON document of costs, schema " + SCHEMA);
        }
        for (Map.Entry<String, Cost> cost : costs.mechanisms.entrySet()) {
            Cost value = cost.getValue();
            if (value == null || !(value.fixedNs >= 0 && value.nsPerPage >= 0)) {
                throw new IOException("the cost of " + cost.getKey() + " is missing, negative or no number: " + value);
            }
        }
        return costs;
    }

    /** Indented, with a line feed at its end. */
    public String json() {
        return ResultJson.document(this);
    }

    /** The time in which a mechanism moves or copies so many pages; null if the mechanism was not measured. */
    public @Nullable Long pagesNs(Mechanism mechanism, long pages) {
        Cost cost = mechanisms.get(mechanism.toString());
        return cost == null ? null : cost.ofPages(pages);
    }

    /**
     * The time that the pages of a simulated guest would take if its kernel were real. A moved page costs as much as a
     * flip, which is two page table operations, too. A copied page costs as much as a real vmsplice(2) into a pipe and
     * out of it. A page that fails costs nothing. Null if a mechanism that this takes was not measured.
     */
    public @Nullable Long pagesNs(SimulationResult result) {
        long moved = result.count(Outcome.MOVED);
        long copied = result.count(Outcome.COPIED);
        Long moving = moved == 0 ? Long.valueOf(0) : pagesNs(Mechanism.FLIP, moved);
        Long copying = copied == 0 ? Long.valueOf(0) : pagesNs(Mechanism.GIFT, copied);
        return moving == null || copying == null ? null : moving + copying;
    }
}
