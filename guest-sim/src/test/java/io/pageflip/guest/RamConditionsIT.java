package io.pageflip.guest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.pageflip.memory.PageRange;
import io.pageflip.os.ForkedChild;
import io.pageflip.os.HostLacksException;
import io.pageflip.ram.Backing;
import io.pageflip.ram.BlockSpec;
import io.pageflip.ram.RamBlock;
import io.pageflip.scenario.RamConditions;
import io.pageflip.scenario.Scenario;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/** Private RAM in the conditions that were asked for. */
final class RamConditionsIT {
    private static final int PAGES = 8 * 512;
    private static final BlockSpec SPEC = new BlockSpec("ram", PAGES * 4096L, Backing.ANONYMOUS);

    private static RamBlock block(RamConditions conditions) throws IOException {
        return RamBlock.create(SPEC, new Scenario(0, conditions).atSource(SPEC, 1));
    }

    @Test
    void hugePagesAreThereOnceTheyAreWritten() throws IOException {
        Path enabled = Path.of("/sys/kernel/mm/transparent_hugepage/enabled");
        assumeTrue(
                Files.exists(enabled) && !Files.readString(enabled).contains("[never]"),
                "there are no transparent huge pages here, or they are off");
        try (RamBlock block = block(new RamConditions(50, 10, 10, 0, 0))) {
            assertThat(block.mapping().hugeBytes()).isZero();
            assertThatThrownBy(block::requireHuge)
                    .isInstanceOf(HostLacksException.class)
                    .hasMessageStartingWith(
                            "the kernel made transparent huge pages of 0 B of RAM, and not of 8.00 MiB");

            block.populate(new PageRange(0, PAGES));

            assumeTrue(block.mapping().hugeBytes() == 8 << 20, "this host's memory is too fragmented for huge pages");
            block.requireHuge();
        }
    }

    @Test
    void aChildIsForkedOnlyIfItHasPages() throws IOException {
        try (RamBlock plain = RamBlock.create(SPEC);
                RamBlock odd = block(new RamConditions(0, 0, 10, 0, 0));
                RamBlock shared = block(new RamConditions(0, 10, 0, 0, 0))) {
            assertThat(plain.fork()).isNull();
            assertThat(odd.fork()).isNull();
            assertThat(plain.exceptional().unaligned().isEmpty()).isTrue();
            try (ForkedChild child = shared.fork()) {
                assertThat(child).isNotNull();
            }
        }
    }
}
