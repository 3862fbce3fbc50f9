package io.pageflip.os;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pageflip.testkit.Waiting;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class ProcessorsIT {
    @Test
    void aThreadThatIsPinnedStartsProcessesThatAre() throws ExecutionException {
        ExecutorService thread = Executors.newSingleThreadExecutor();
        try {
            String allowed = Waiting.result("a process", thread.submit(ProcessorsIT::allowedWhenPinned));

            assertThat(allowed).isEqualTo("Cpus_allowed_list:\t0\n");
        } finally {
            thread.shutdownNow();
        }
    }

    private static String allowedWhenPinned() throws IOException {
        Processors.parse("0").pin();
        Process process = new ProcessBuilder("grep", "Cpus_allowed_list", "/proc/self/status").start();
        return new String(process.getInputStream().readAllBytes(), StandardCharsets.US_ASCII);
    }

    @Test
    void processorsThatAreNotThereAreTheKernelsToRefuse() {
        assertThatThrownBy(() -> Processors.parse("8000-8191").pin())
                .isInstanceOfSatisfying(
                        SyscallException.class, e -> assertThat(e.errno()).isEqualTo(Errno.EINVAL));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", ",", "a", "3-1", "-1", "0,", "9999", "0-8192"})
    void whatIsNoListIsRefused(String list) {
        assertThatThrownBy(() -> Processors.parse(list)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void aListIsWhatItWas() {
        assertThat(Processors.parse("0-3,8")).hasToString("0-3,8");
    }
}
