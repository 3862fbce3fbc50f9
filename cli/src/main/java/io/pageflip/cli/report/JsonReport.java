package io.pageflip.cli.report;

import io.pageflip.metrics.ResultJson;
import java.util.LinkedHashMap;
import java.util.Map;

/** The JSON report, schema {@code pageflip.migration/2}; docs/json/README.md documents it. */
public final class JsonReport {
    static final String SCHEMA = "pageflip.migration/2";

    private JsonReport() {}

    /** One document, indented, with a line feed at its end. */
    public static String of(Map<String, Object> request, Runs runs) {
        Map<String, Object> document = new LinkedHashMap<>();
        document.put("schema", SCHEMA);
        document.put("host", Host.here());
        document.put("request", request);
        document.put("runs", runs.all());
        Summary summary = runs.summary();
        if (summary != null) {
            document.put("summary", Map.of("downtime-ns", summary));
        }
        return ResultJson.document(document);
    }
}
