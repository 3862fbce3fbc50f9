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
 * What the pages phase costs on a host: for each mechanism so much at once, and so much a page. As JSON, a file that a
 * person may write, too.
 *
 * @param schema {@link #SCHEMA}
 * @param host where it was measured, in words
 * @param mechanisms by name; one that could not be measured is not there
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record Costs(String schema, @Nullable String host, Map<String, Cost> mechanisms) {
    /** The only one there is. */
    public static final String SCHEMA = "pageflip.costs/1";

    public Costs {
        mechanisms = new TreeMap<>(mechanisms);
    }

    /**
     * Of one mechanism, in nanoseconds.
     *
     * @param fixedNs whatever the number of pages
     * @param nsPerPage of 4 KiB, with batches of 512 pages
     */
    public record Cost(double fixedNs, double nsPerPage) {
        /** Of so many pages. */
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
                throw new IOException("the cost of " + cost.getKey() + " is none: " + value);
            }
        }
        return costs;
    }

    /** Indented, with a line feed at its end. */
    public String json() {
        try {
            return ResultJson.MAPPER.writerWithDefaultPrettyPrinter().writeValueAsString(this) + "\n";
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("costs that cannot be written", e);
        }
    }

    /** Of so many pages that a mechanism moves or copies; null if it was not measured. */
    public @Nullable Long pagesNs(Mechanism mechanism, long pages) {
        Cost cost = mechanisms.get(mechanism.toString());
        return cost == null ? null : cost.ofPages(pages);
    }

    /**
     * Of a simulated guest, were its kernel real: a page that moves costs what a flip does, which is two page table
     * operations, too; one that is copied what a real vmsplice(2) in and out of a pipe does. A page that fails costs
     * nothing. Null if what it takes was not measured.
     */
    public @Nullable Long pagesNs(SimulationResult result) {
        long moved = result.count(Outcome.MOVED);
        long copied = result.count(Outcome.COPIED);
        Long moving = moved == 0 ? Long.valueOf(0) : pagesNs(Mechanism.FLIP, moved);
        Long copying = copied == 0 ? Long.valueOf(0) : pagesNs(Mechanism.GIFT, copied);
        return moving == null || copying == null ? null : moving + copying;
    }
}
