package io.pageflip.os;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.File;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;

final class IdlePriorityIT {
    private static final int SCHED_OTHER = 0;
    private static final int SCHED_IDLE = 5;

    private static List<Integer> compilerPolicies() throws IOException {
        List<Integer> policies = new ArrayList<>();
        for (String thread : Objects.requireNonNull(new File("/proc/self/task").list())) {
            if (Proc.firstLine("/proc/self/task/" + thread + "/comm").startsWith("C1 Compiler")) {
                policies.add(Syscalls.LINUX.getScheduler(Integer.parseInt(thread)));
            }
        }
        return policies;
    }

    @Test
    void theCompilerIsLoweredAndRaisedAndNobodyElse() throws IOException {
        assumeTrue(IdlePriority.canGoBack(), "this process may not raise a thread that it has lowered");
        assertThat(compilerPolicies()).isNotEmpty().containsOnly(SCHED_OTHER);

        IdlePriority.lowerCompiler(0);
        try {
            assertThat(compilerPolicies()).isNotEmpty().containsOnly(SCHED_IDLE);
            assertThat(Syscalls.LINUX.getScheduler(0)).isEqualTo(SCHED_OTHER);
        } finally {
            IdlePriority.raiseCompiler();
        }
        assertThat(compilerPolicies()).isNotEmpty().containsOnly(SCHED_OTHER);
    }

    @Test
    void nothingIsLoweredWhereVcpusWantAllProcessors() throws IOException {
        IdlePriority.lowerCompiler(Runtime.getRuntime().availableProcessors());

        assertThat(compilerPolicies()).doesNotContain(SCHED_IDLE);
    }
}
