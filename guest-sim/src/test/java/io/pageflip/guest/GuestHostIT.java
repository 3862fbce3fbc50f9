package io.pageflip.guest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pageflip.os.SyscallException;
import io.pageflip.ram.Backing;
import io.pageflip.ram.BlockSpec;
import io.pageflip.ram.RamBlock;
import io.pageflip.testkit.ChildJvm;
import io.pageflip.testkit.HugePages;
import java.io.IOException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The guest on memory that the host makes difficult: huge pages, and pages that trap. */
final class GuestHostIT {
    private static final int HUGE = 2 << 20;
    private static final int PAGES = 8;

    @ParameterizedTest
    @ValueSource(ints = {0, 30, 100})
    void runsOnHugePages(int fill) throws IOException {
        GuestConfig config = Machine.config((long) PAGES * HUGE, Backing.HUGETLB, 2, Workload.UNIFORM, fill);
        try (HugePages reserved = HugePages.reserve(PAGES);
                Machine machine = Machine.powerOn(config)) {
            assertThat(reserved).isNotNull();
            machine.verifyMatches();
            machine.guest().resume();
            machine.awaitPagesWritten(100);
            machine.guest().stop();
            machine.verifyMatches();

            machine.overwrite(GuestConfig.VRAM, 3, 0, machine.page(GuestConfig.VRAM, 4), Machine.PAGE);
            assertThat(machine.guest().verify().misplaced()).isEqualTo(1);
        }
    }

    @Test
    void aWriteToAnUnusedPartOfAHugePageIsFound() throws IOException {
        GuestConfig config = Machine.config((long) PAGES * HUGE, Backing.HUGETLB, 1, Workload.IDLE, 0);
        try (HugePages reserved = HugePages.reserve(PAGES);
                Machine machine = Machine.powerOn(config)) {
            assertThat(reserved).isNotNull();
            machine.overwrite(GuestConfig.RAM, 9, 0, machine.page(GuestConfig.VRAM, 4), Machine.PAGE);
            assertThat(machine.guest().verify().misplaced()).isEqualTo(1);
        }
    }

    @Test
    void aBlockThatFindsNoHugePagesIsRefusedAndNotKilled() {
        // More than any host has reserved: 64 TiB.
        BlockSpec spec = new BlockSpec("ram", BlockSpec.MAX_LENGTH, Backing.HUGETLB);
        assertThatThrownBy(() -> RamBlock.create(spec))
                .isInstanceOf(SyscallException.class)
                .hasMessageEndingWith("ENOMEM");
    }

    @Test
    void anAnonymousBlockHasNoFileToPassOn() throws IOException {
        try (RamBlock block = RamBlock.create(new BlockSpec("rom", 4096, Backing.ANONYMOUS))) {
            assertThat(block.file()).isNull();
            assertThatThrownBy(block::requireFile)
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessage("RAM block rom is anonymous: it has no memfd");
        }
    }

    @Test
    void vcpusThatAreTrappedHoldUpNeitherTheCollectorNorTheGuestForGood() throws IOException {
        try (ChildJvm child = ChildJvm.start(GuestChildren.class, "trapped")) {
            child.expect("stands while trapped: true");
            child.expect("goes on: true");
            child.expect("matches: true");
            assertThat(child.awaitExit()).isZero();
        }
    }
}
