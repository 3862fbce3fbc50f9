package io.pageflip.wire;

import io.pageflip.guest.GuestConfig;
import io.pageflip.ram.BlockSpec;
import io.pageflip.request.Mechanism;
import io.pageflip.request.Schedule;
import io.pageflip.scenario.Scenario;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What a frame says, other than about pages. */
public sealed interface Message {
    FrameType type();

    /**
     * The source introduces itself and the guest. With it come copies of the descriptors that it names, in this order:
     * the migration stream, the page pipe if there is one of its own, then {@link #files}. In a shell pipe none come;
     * the destination opens them through {@code /proc/PID/fd}.
     *
     * @param version of the protocol; {@link #VERSION} or the destination refuses
     * @param pid of the source
     * @param ownerEpoch of the run token while the source owns the guest
     * @param gifts whether the source gifts pages ({@code --no-gift}: it does not)
     * @param populate whether the destination should make room beforehand for pages that will be copied
     * @param pagePipe whether vmspliced pages come through a pipe of their own, not through the stream
     * @param scenario what an experiment adds to the guest; on the wire a part of its own, absent if it is plain
     */
    record Hello(
            int version,
            int pid,
            int ownerEpoch,
            Mechanism mechanism,
            Schedule schedule,
            boolean gifts,
            boolean populate,
            boolean pagePipe,
            GuestConfig guest,
            Scenario scenario,
            File token,
            File oracle,
            File console,
            File frames,
            List<Block> blocks)
            implements Message {
        /** Grows whenever a byte on the wire, or in memory that both agents map, changes its meaning. */
        public static final int VERSION = 5;

        public Hello {
            scenario.requireFit(guest.backing(), guest.fillPercent());
            blocks = List.copyOf(blocks);
        }

        @Override
        public FrameType type() {
            return FrameType.HELLO;
        }

        /** All files, in the order in which their descriptors are passed. */
        public List<File> files() {
            java.util.ArrayList<File> files = new java.util.ArrayList<>(List.of(token, oracle, console, frames));
            for (Block block : blocks) {
                if (block.file() != null) {
                    files.add(block.file());
                }
            }
            return files;
        }

        /** Whether no page crosses before the switchover, and all are read out of the source's memory afterwards. */
        public boolean pullsAfterSwitchover() {
            return mechanism == Mechanism.PULL && schedule == Schedule.POSTCOPY;
        }

        /**
         * A file of the source's: a memfd, but for the FUSE file of a block.
         *
         * @param descriptor its number there
         * @param inode which tells it from what a reused number or PID may be
         */
        public record File(int descriptor, long inode) {}

        /**
         * A RAM block.
         *
         * @param address where it lies in the source, for process_vm_readv(2)
         * @param file its memfd, if it is shareable; the FUSE file to be mapped in its place, if it lies in a file on a
         *     disk
         */
        public record Block(
                BlockSpec spec, long address, @Nullable File file) {}
    }

    /**
     * The destination has mapped and registered everything.
     *
     * @param pssBytes its proportional set size now
     */
    record Ready(long pssBytes) implements Message {
        @Override
        public FrameType type() {
            return FrameType.READY;
        }
    }

    /**
     * Every page has been sent.
     *
     * @param holes pages of each block that hold nothing, and were not sent
     */
    record End(List<Long> holes, SourceFigures figures) implements Message {
        public End {
            holes = List.copyOf(holes);
        }

        @Override
        public FrameType type() {
            return FrameType.END;
        }
    }

    /**
     * What only the source could measure. Times are CLOCK_MONOTONIC nanoseconds.
     *
     * @param startNs when it began to greet the destination
     * @param transferredBytes written to the stream so far
     * @param framesVisible whether it could see frame numbers
     * @param relocatedPages the kernel's count of relocated pages when it read them
     */
    record SourceFigures(long startNs, long transferredBytes, boolean framesVisible, long relocatedPages) {}

    /** The guest runs at the destination. */
    record Resumed(int ownerEpoch) implements Message {
        @Override
        public FrameType type() {
            return FrameType.RESUMED;
        }
    }

    /**
     * The destination's report.
     *
     * @param pssBytes its proportional set size when the guest had resumed
     * @param json a {@link io.pageflip.metrics.RunResult}
     */
    record Completed(long pssBytes, String json) implements Message {
        @Override
        public FrameType type() {
            return FrameType.COMPLETED;
        }
    }

    /** The destination gives up, before the epoch has changed. */
    record Failed(String reason) implements Message {
        @Override
        public FrameType type() {
            return FrameType.FAILED;
        }
    }

    /** The source gives up, before the epoch has changed. */
    record Cancel(String reason) implements Message {
        @Override
        public FrameType type() {
            return FrameType.CANCEL;
        }
    }

    /**
     * The source is here again, after its connection broke: the first frame of a new one. With it comes the descriptor
     * of the run token's memfd, and no other: who has it is the source of this guest, and no stranger who found the
     * socket.
     *
     * @param ownerEpoch of the destination, as the run token says it
     */
    record Recover(int ownerEpoch) implements Message {
        @Override
        public FrameType type() {
            return FrameType.RECOVER;
        }
    }
}
