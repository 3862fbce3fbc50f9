package io.pageflip.wire;

import io.pageflip.guest.GuestConfig;
import io.pageflip.ram.BlockSpec;
import io.pageflip.request.Mechanism;
import io.pageflip.request.Schedule;
import io.pageflip.scenario.Scenario;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The content of a frame that is not about pages. */
public sealed interface Message {
    FrameType type();

    /**
     * The source introduces itself and the guest. Copies of the descriptors that it names come with it, in this order:
     * the migration stream, the page pipe if it is separate, then {@link #files}. Through a shell pipe no descriptor
     * comes; the destination opens the files through {@code /proc/PID/fd}.
     *
     * @param version of the protocol; the destination refuses any but {@link #VERSION}
     * @param pid of the source
     * @param ownerEpoch of the run token while the source owns the guest
     * @param gifts whether the source gifts pages ({@code --no-gift}: it does not)
     * @param populate whether the destination should make room beforehand for pages that will be copied
     * @param pagePipe whether vmspliced pages come through a pipe of their own, not through the stream
     * @param scenario what an experiment adds to the guest; on the wire it is absent if it is plain
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
        public static final int VERSION = 7;

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
         * A file of the source: a memfd, or the FUSE file of a block.
         *
         * @param descriptor its number in the source
         * @param inode its inode number, by which the destination notices that a descriptor or a PID was reused
         */
        public record File(int descriptor, long inode) {}

        /**
         * A RAM block.
         *
         * @param address where it lies in the source, for process_vm_readv(2)
         * @param file the memfd of a shareable block; the FUSE file to map instead of a file on a disk; null for
         *     private memory
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
     * @param startNs when the source began to prepare the migration
     * @param clock of the source's readings; see {@link io.pageflip.os.TimeNamespace#clock}
     * @param transferredBytes bytes that the source has written to the stream so far
     * @param framesVisible whether the source could see frame numbers
     * @param relocatedPages the kernel's count of relocated pages when the source read the frame numbers
     */
    record SourceFigures(long startNs, long clock, long transferredBytes, boolean framesVisible, long relocatedPages) {}

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
     * The source connects again after the control connection broke: the first frame of the new connection. The
     * descriptor of the run token's memfd comes with it, and no other. A peer that has this descriptor is the source of
     * this guest, and no stranger that found the socket.
     *
     * @param ownerEpoch the destination's owner epoch, as the source reads it in the run token
     */
    record Recover(int ownerEpoch) implements Message {
        @Override
        public FrameType type() {
            return FrameType.RECOVER;
        }
    }
}
