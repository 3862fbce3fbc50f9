package io.pageflip.source;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pageflip.agent.AgentContext;
import io.pageflip.channel.InactivityTimeout;
import io.pageflip.channel.StreamEnds;
import io.pageflip.channel.StreamWriter;
import io.pageflip.guest.GuestConfig;
import io.pageflip.guest.VirtualMachine;
import io.pageflip.guest.Workload;
import io.pageflip.os.Fd;
import io.pageflip.os.NanoClock;
import io.pageflip.ram.Backing;
import io.pageflip.ram.RamBlock;
import io.pageflip.request.ChannelKind;
import io.pageflip.request.Mechanism;
import io.pageflip.request.MigrationRequest;
import io.pageflip.request.RequestBuilder;
import io.pageflip.request.Schedule;
import io.pageflip.switchover.Ownership;
import io.pageflip.wire.Message;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Which schedule a migration gets, and in which order its steps come. */
final class OutgoingScheduleIT {
    private static final GuestConfig GUEST =
            new GuestConfig(1 << 20, Backing.MEMFD, 1, Workload.HOTSET, 1000, 10, 100, 1);

    @ParameterizedTest
    @CsvSource({
        "HANDOVER,      FLIP,   Handover",
        "POSTCOPY,      FLIP,   Handover",
        "POSTCOPY,      PULL,   PullPostcopy",
        "PRECOPY,       STREAM, Precopy",
        "PRECOPY,       PULL,   Precopy",
        "PRECOPY,       GIFT,   Precopy",
        "STOP_AND_MOVE, FLIP,   StopAndMove",
        "STOP_AND_MOVE, GIFT,   StopAndMove",
        "STOP_AND_MOVE, STREAM, StopAndMove",
        "STOP_AND_MOVE, PULL,   StopAndMove",
    })
    void isWhatTheOptionsSay(Schedule schedule, Mechanism mechanism, String type) throws IOException {
        try (Migrating migrating = new Migrating(schedule, mechanism);
                OutgoingSchedule made = OutgoingSchedule.of(migrating.migration)) {
            assertThat(made.getClass().getSimpleName()).isEqualTo(type);
        }
    }

    // None was prepared: closing it undoes nothing.
    @ParameterizedTest
    @CsvSource({"FLIP, Flips", "GIFT, Nothing", "STREAM, Nothing", "PULL, Nothing"})
    void aMechanismHasItsOwnStepOrNone(Mechanism mechanism, String type) throws IOException {
        try (Migrating migrating = new Migrating(Schedule.STOP_AND_MOVE, mechanism);
                MechanismStep made = MechanismStep.of(migrating.migration)) {
            assertThat(made.getClass().getSimpleName()).isEqualTo(type);
        }
    }

    @Test
    void aStopAndMovePreparesItsMechanismBeforeThePauseAndUndoesItAfterwards() throws IOException {
        List<String> steps = new ArrayList<>();
        try (Migrating migrating = new Migrating(Schedule.STOP_AND_MOVE, Mechanism.STREAM)) {
            migrating.steps = steps;
            MechanismStep recorded = new MechanismStep() {
                @Override
                public void prepare() {
                    steps.add("prepare");
                }

                @Override
                public void paused() {
                    steps.add("paused, running=" + migrating.migration.guest().isRunning());
                }

                @Override
                public void paused(RamBlock block) {
                    steps.add(block.spec().name());
                }

                @Override
                public void close() {
                    steps.add("close");
                }
            };
            migrating.migration.guest().resume();
            migrating.migration.context().transition(SourceState.SETUP, "the test has begun");
            migrating.migration.begin();
            try (OutgoingSchedule schedule = new StopAndMove(migrating.migration, recorded)) {
                schedule.prepare();
                schedule.switchOver();
            }
            assertThat(migrating.migration.context().state()).isEqualTo(SourceState.RELEASED);
            assertThat(migrating.migration.ends().sent()).isEqualTo(1);
        }
        assertThat(steps).containsExactly("prepare", "ready", "paused, running=false", "ram", "vram", "rom", "close");
    }

    @Test
    void whatGoesWrongInTheWarmUpCountsOnceThereIsAGuest() throws IOException {
        try (Migrating migrating = new Migrating(Schedule.STOP_AND_MOVE, Mechanism.STREAM)) {
            migrating.wrong = new IOException("a lie");

            migrating.migration.warmUp(NothingDue.scratch(migrating.migration));
            migrating.wrong = null;

            migrating.migration.guest().resume();
            assertThatThrownBy(migrating.migration::letRun).hasMessage("a lie");
        }
    }

    @Test
    void whatGoesWrongInTheWarmUpBesideAGuestThatRunsCountsAtOnce() throws IOException {
        try (Migrating migrating = new Migrating(Schedule.STOP_AND_MOVE, Mechanism.STREAM)) {
            migrating.wrong = new IOException("a lie");
            migrating.migration.guest().resume();

            assertThatThrownBy(() -> migrating.migration.warmUp(NothingDue.scratch(migrating.migration)))
                    .hasMessage("a lie");
        }
    }

    /** A migration to nobody: whatever is written is dropped. */
    private static final class Migrating implements AutoCloseable, DestinationLink {
        private final SourceMemory memory;
        private final StreamEnds ends = StreamEnds.open(ChannelKind.UNIX);
        private final StreamWriter stream =
                new StreamWriter(ends.write(), ends.write(), new InactivityTimeout(NanoClock.SYSTEM, () -> {}));
        private final Thread reader = new Thread(this::readOn, "reader");
        private final OutgoingMigration migration;
        private List<String> steps = new ArrayList<>();
        private volatile @Nullable IOException wrong;

        Migrating(Schedule schedule, Mechanism mechanism) throws IOException {
            memory = new SourceMemory(
                    VirtualMachine.create(GUEST, RamBlock::create, NanoClock.SYSTEM), NanoClock.SYSTEM);
            memory.guest().powerOn(done -> {});
            MigrationRequest request = new RequestBuilder()
                    .guest(GUEST)
                    .mechanism(mechanism)
                    .schedule(schedule)
                    .build();
            AgentContext<SourceState> context = AgentContext.scratch("source", SourceState.STARTING, NanoClock.SYSTEM);
            migration = new OutgoingMigration(request, memory, Ownership.of(memory.token()), stream, this, context);
            reader.start();
        }

        private void readOn() {
            io.pageflip.os.NativeBuffer buffer = io.pageflip.os.NativeBuffer.allocate(1 << 16);
            try {
                while (ends.read().awaitReadable(10_000) && ends.read().read(buffer, 0, 1 << 16) > 0) {
                    // whatever it is
                }
            } catch (IOException e) {
                throw new java.io.UncheckedIOException(e);
            }
        }

        @Override
        public void close() {
            memory.close();
            stream.close();
            try {
                reader.join();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            ends.read().close();
        }

        @Override
        public StreamWriter greet(Message.Hello hello, List<Fd> files) {
            return stream;
        }

        @Override
        public long awaitReady(long timeoutSeconds) {
            steps.add("ready");
            return 0;
        }

        @Override
        public void check() throws IOException {
            if (wrong != null) {
                throw wrong;
            }
        }

        @Override
        public boolean isConnected() {
            return true;
        }

        @Override
        public void drop() {
            throw new AssertionError("no fault is scripted");
        }

        @Override
        public boolean recover(Ownership ownership) {
            return false;
        }

        @Override
        public void cancel(String reason) {
            throw new AssertionError(reason);
        }

        @Override
        public void awaitResumed() {
            throw new AssertionError("nobody has taken the guest");
        }

        @Override
        public Message.@Nullable Completed awaitCompleted() {
            return null;
        }
    }
}
