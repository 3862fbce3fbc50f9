package io.pageflip.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What a person reads who typed a value that is none. */
final class ValuesTest {
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "check --format xml | Invalid value for option '--format': 'xml' is not one of text, json",
                "check --format JSON | Invalid value for option '--format': 'JSON' is not one of text, json",
                "migrate --channel tcp | Invalid value for option '--channel': 'tcp' is not one of unix, pipe"
            })
    void aWordThatIsNoChoice(String commandLine, String message) {
        StringWriter err = new StringWriter();

        int exitCode = Main.commandLine(new Interrupts(Thread.currentThread()))
                .setErr(new PrintWriter(err, true))
                .execute(commandLine.split(" "));

        assertThat(exitCode).isEqualTo(ExitCodes.USAGE);
        assertThat(err.toString().lines().findFirst()).contains("pageflip: " + message);
    }
}
