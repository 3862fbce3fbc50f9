package io.pageflip.qmp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

final class QmpParserTest {
    private final QmpParser parser = new QmpParser();
    private final List<String> found = new ArrayList<>();

    private void feed(byte[] bytes) throws IOException {
        parser.feed(bytes, bytes.length, new QmpParser.Found() {
            @Override
            public void value(JsonNode value) {
                found.add(value.toString());
            }

            @Override
            public void error(String why) {
                found.add("error");
            }
        });
    }

    private void feed(String text) throws IOException {
        feed(text.getBytes(StandardCharsets.UTF_8));
    }

    /** What is sent, and what is found in it; blanks stand between the values. */
    private static final String[][] INPUTS = {
        {"{\"a\":1}{\"b\":[2]}", "{\"a\":1} {\"b\":[2]}"},
        {"  {'a' : \"it's\"}", "{\"a\":\"it's\"}"},
        {"{'a':'x'} \n\r\n {\"a\":\"}{\\\"[\"}", "{\"a\":\"x\"} {\"a\":\"}{\\\"[\"}"},
        {"7 true \"word\" null", "7 true \"word\" null"},
        {"nonsense {\"a\":1}", "error {\"a\":1}"},
        {"{nonsense}{\"a\":1}", "error {\"a\":1}"},
        {"}{\"a\":1}", "error {\"a\":1}"},
        {"{\"a\":1]{\"b\":2}", "error {\"b\":2}"},
        {"{\"a\":1,\"a\":2}", "error"},
        {"{\"\u00e4\":\"\u20ac\"}", "{\"\u00e4\":\"\u20ac\"}"},
    };

    @Test
    void valuesFollowEachOtherHoweverTheyAreCut() throws IOException {
        for (String[] input : INPUTS) {
            byte[] bytes = (input[0] + " ").getBytes(StandardCharsets.UTF_8);
            for (int cut = 0; cut <= bytes.length; cut++) {
                found.clear();
                feed(Arrays.copyOf(bytes, cut));
                feed(Arrays.copyOfRange(bytes, cut, bytes.length));
                assertThat(String.join(" ", found))
                        .as("%s, cut at %s", input[0], cut)
                        .isEqualTo(input[1]);
            }
        }
    }

    @Test
    void aByteForgetsWhatCameBefore() throws IOException {
        feed("{\"a\": [\"never ends");
        feed(new byte[] {(byte) 0xff});
        feed("{\"b\":1}");
        assertThat(found).containsExactly("{\"b\":1}");
    }

    @Test
    void whatIsTooLongOrTooDeepIsRefused() {
        assertThatThrownBy(() -> feed("[".repeat(QmpParser.MOST_DEPTH + 1)))
                .isInstanceOf(QmpParser.TooLongException.class);
        assertThatThrownBy(() -> new QmpParserTest().feed("\"" + "a".repeat(QmpParser.MOST_BYTES)))
                .isInstanceOf(QmpParser.TooLongException.class);
    }
}
