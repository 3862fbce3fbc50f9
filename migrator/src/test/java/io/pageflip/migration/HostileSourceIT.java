package io.pageflip.migration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.pageflip.channel.Cancellation;
import io.pageflip.destination.SourceLink;
import io.pageflip.destination.SourceListener;
import io.pageflip.guest.GuestConfig;
import io.pageflip.guest.Workload;
import io.pageflip.metrics.Failure;
import io.pageflip.metrics.MigrationStatus;
import io.pageflip.metrics.RunResult;
import io.pageflip.metrics.VerificationResult;
import io.pageflip.os.Fd;
import io.pageflip.os.MemFd;
import io.pageflip.os.NanoClock;
import io.pageflip.os.NativeBuffer;
import io.pageflip.os.UnixSocket;
import io.pageflip.ram.Backing;
import io.pageflip.request.Mechanism;
import io.pageflip.request.Schedule;
import io.pageflip.source.FakeSource;
import io.pageflip.switchover.SwitchoverPage;
import io.pageflip.testkit.Waiting;
import io.pageflip.wire.FrameType;
import io.pageflip.wire.Message;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * A source that lies about its pages, its guest's state and itself, or scribbles over what both agents map. The
 * destination refuses it, soon, without having taken the guest; or it takes the guest, which runs then, whatever the
 * source had said.
 */
final class HostileSourceIT {
    private static final GuestConfig GUEST =
            new GuestConfig(16 << 20, Backing.MEMFD, 2, Workload.HOTSET, 2000, 10, 80, 7);

    /** Offsets in the run token's memfd. */
    private static final int PAGE = 4096;

    private static final int CONSOLE_PRODUCED = PAGE + 40;
    private static final int CONSOLE_FIFO_FILL = PAGE + 48;
    private static final int VCPU_0 = PAGE + 128;
    private static final int CURSOR = 24;

    @RegisterExtension
    final TwoAgents agents = new TwoAgents();

    @FunctionalInterface
    private interface Misdeed {
        void commit(FakeSource source) throws IOException;
    }

    private record Lie(String reason, Schedule schedule, Mechanism mechanism, Misdeed misdeed) {
        @Override
        public String toString() {
            return schedule + ", " + mechanism + ": " + reason;
        }
    }

    private static UnaryOperator<Message.Hello> as(Schedule schedule, Mechanism mechanism) {
        return hello -> FakeSource.with(hello, hello.pid(), schedule, mechanism);
    }

    /** All pages are holes, says the only END. */
    private static void endEmpty(FakeSource source) throws IOException {
        source.say(source.end(0, 0, 0));
    }

    private static void writeWord(FakeSource source, int offset, int value) throws IOException {
        NativeBuffer word = NativeBuffer.allocate(Integer.BYTES);
        word.bytes().putInt(0, value);
        source.token().file().write(offset, word, Integer.BYTES);
    }

    static Stream<Lie> lies() {
        Stream<Lie> pages = Stream.of(
                new Lie("pages 0+1 of RAM block ram were sent twice", Schedule.POSTCOPY, Mechanism.FLIP, s -> {
                    s.record(FrameType.MAP, 0, 0, 8, 0);
                    s.record(FrameType.ZERO, 0, 0, 1, 0);
                }),
                new Lie("pages 4+8 of RAM block ram were sent twice", Schedule.POSTCOPY, Mechanism.FLIP, s -> {
                    s.record(FrameType.MAP, 0, 0, 8, 0);
                    s.record(FrameType.MAP, 0, 4, 8, 0);
                }),
                new Lie(
                        "RAM block rom cannot be mapped after the switchover: it has no memfd",
                        Schedule.POSTCOPY,
                        Mechanism.FLIP,
                        s -> s.record(FrameType.MAP, 2, 0, 1, 0)),
                new Lie("pages 0+1 of RAM block ram were sent twice", Schedule.POSTCOPY, Mechanism.PULL, s -> {
                    s.record(FrameType.POSTCOPY, 0, 0, 8, 0);
                    s.record(FrameType.POSTCOPY, 0, 0, 1, 0);
                }),
                new Lie("a BYTES frame does not belong to this migration", Schedule.POSTCOPY, Mechanism.PULL, s -> {
                    s.record(FrameType.POSTCOPY, 0, 0, 8, 0);
                    s.record(FrameType.BYTES, 0, 0, 1, 1);
                }),
                new Lie("pages 0+1 of RAM block ram were sent twice", Schedule.HANDOVER, Mechanism.FLIP, s -> {
                    s.record(FrameType.MAP, 0, 0, 8, 0);
                    s.record(FrameType.ZERO, 0, 0, 1, 0);
                }),
                new Lie(
                        "RAM block ram has 4096 pages; 0 were sent and 4095 are holes",
                        Schedule.HANDOVER,
                        Mechanism.FLIP,
                        s -> s.say(s.end(1, 0, 0))),
                new Lie(
                        "RAM block ram has 4096 pages; 0 were sent and 4097 are holes",
                        Schedule.HANDOVER,
                        Mechanism.FLIP,
                        s -> s.say(s.end(-1, 0, 0))));
        Stream<Lie> state = Stream.of(
                state("a console that has produced 9223372036854775807 bytes", CONSOLE_PRODUCED, Long.MAX_VALUE),
                state("a console that has produced -1 bytes", CONSOLE_PRODUCED, -1),
                state("and holds 99 of them", CONSOLE_FIFO_FILL, 99),
                state("vCPU 0 of the source has a cursor of 9223372036854775807", VCPU_0 + CURSOR, Long.MAX_VALUE),
                state("vCPU 0 of the source has a cursor of -9223372036854775808", VCPU_0 + CURSOR, Long.MIN_VALUE),
                state("vCPU 1 of the source has a cursor of 4611686018427387904", VCPU_0 + 32 + CURSOR, 1L << 62),
                state("vCPU 0 of the source has executed -1 instructions", VCPU_0, -1));
        Stream<Lie> words = Stream.of(
                new Lie(
                        "the source has taken the guest back: its owner epoch is 77",
                        Schedule.HANDOVER,
                        Mechanism.FLIP,
                        s -> {
                            endEmpty(s);
                            s.prepare();
                            writeWord(s, 0, 77);
                        }),
                new Lie(
                        "the source has died after it sent 1 of 2 END messages",
                        Schedule.HANDOVER,
                        Mechanism.FLIP,
                        s -> {
                            endEmpty(s);
                            s.prepare();
                            s.token().page().setEnds(2);
                            s.token().page().publish(1, SwitchoverPage.SAVED);
                            s.die();
                        }),
                new Lie("has closed", Schedule.HANDOVER, Mechanism.FLIP, s -> {
                    endEmpty(s);
                    s.prepare();
                    s.token().page().publish(1, 3); // which means nothing
                    s.die();
                }),
                new Lie("has closed", Schedule.HANDOVER, Mechanism.FLIP, s -> {
                    s.token().page().setEnds(0);
                    s.token().page().publish(1, SwitchoverPage.RELEASED); // in advance, and no END is counted
                    endEmpty(s);
                    s.header(FrameType.PREPARE, 0);
                    s.header(FrameType.ZERO, 16); // and its record never comes
                    s.die();
                }));
        return Stream.of(pages, state, words).flatMap(s -> s);
    }

    private static Lie state(String reason, int offset, long value) {
        return new Lie(reason, Schedule.STOP_AND_MOVE, Mechanism.STREAM, s -> {
            s.prepare();
            endEmpty(s);
            s.switchOut(offset, value);
        });
    }

    @ParameterizedTest
    @MethodSource("lies")
    void theDestinationRefusesSoonAndHasNotTakenTheGuest(Lie lie) throws Exception {
        FutureTask<RunResult> destination = agents.destination(true);
        try (FakeSource source = new FakeSource(agents.path(), GUEST)) {
            source.greet(Mechanism.FLIP, as(lie.schedule, lie.mechanism));
            lie.misdeed.commit(source);
            Throwable refused = catchThrowable(() -> TwoAgents.join(destination));
            assertThat(refused).isNotNull();
            assertThat(refused.getCause()).isInstanceOf(IOException.class);
            assertThat(refused.getCause().getMessage()).contains(lie.reason);
            assertThat(source.epoch()).as("nobody took the guest").isNotEqualTo(2);
            assertThat(source.token().tryLock()).as("and nobody keeps its lock").isTrue();
        }
    }

    /** Readings of a clock that cannot be: the guest runs, and the figures are missing. */
    @ParameterizedTest
    @CsvSource({"8", "16", "24", "112", "136"})
    void absurdTimesCostTheFiguresAndNotTheGuest(int at) throws Exception {
        for (long lie : new long[] {Long.MIN_VALUE, -1, Long.MAX_VALUE}) {
            FutureTask<RunResult> destination = agents.destination(true);
            try (FakeSource source = new FakeSource(agents.path(), GUEST)) {
                source.greet(Mechanism.STREAM, hello -> hello);
                source.prepare();
                endEmpty(source);
                source.switchOut(PAGE + at, lie);
                RunResult result = TwoAgents.join(destination);
                assertThat(source.epoch()).isEqualTo(2);
                assertThat(result.status()).isEqualTo(MigrationStatus.COMPLETED);
                assertThat(result.verification().status()).isNotEqualTo(VerificationResult.Status.SKIPPED);
                if (at != 24) { // which the source stores after the lie
                    assertThat(result.error().kind()).isEqualTo(Failure.Kind.NO_REPORT);
                    assertThat(result.measured()).isNull();
                }
            }
        }
    }

    @Test
    void aSourceThatIsAnotherProcessIsRefused() throws Exception {
        FutureTask<RunResult> destination = agents.destination(true);
        try (FakeSource source = new FakeSource(agents.path(), GUEST)) {
            source.greet(Mechanism.PULL, hello -> FakeSource.with(hello, 1, Schedule.STOP_AND_MOVE, Mechanism.PULL));
            assertThat(((Message.Failed) source.heard()).reason()).startsWith("a greeting of process 1 from process ");
            assertThat(catchThrowable(() -> TwoAgents.join(destination))).isNotNull();
        }
    }

    @Test
    void aMigrationStreamThatIsAFileIsRefused() throws Exception {
        FutureTask<RunResult> destination = agents.destination(true);
        try (FakeSource source = new FakeSource(agents.path(), GUEST);
                MemFd file = MemFd.create("no-stream", 4096, false)) {
            source.pass(0, file.fd());
            source.greet(Mechanism.FLIP, hello -> hello);
            assertThat(((Message.Failed) source.heard()).reason())
                    .isEqualTo("a greeting whose migration stream is neither a socket nor a pipe");
            assertThat(catchThrowable(() -> TwoAgents.join(destination))).isNotNull();
        }
    }

    @Test
    void aGreetingWithManyDescriptorsIsRefused() throws Exception {
        FutureTask<RunResult> destination = agents.destination(true);
        try (UnixSocket liar = UnixSocket.connect(agents.path());
                MemFd file = MemFd.create("one-of-many", 4096, false)) {
            NativeBuffer one = NativeBuffer.allocate(1);
            List<Fd> many = new ArrayList<>(java.util.Collections.nCopies(200, file.fd()));
            liar.send(one, 1, many, () -> {});
            assertThat(catchThrowable(() -> TwoAgents.join(destination)))
                    .hasRootCauseMessage("a greeting with more than 22 descriptors");
        }
    }

    /** Whoever connects first and says nothing does not keep the source out. */
    @Test
    void silentConnectionsKeepNobodyOut(@TempDir Path folder) throws Exception {
        String path = folder.resolve("destination.sock").toString();
        Cancellation cancellation = new Cancellation();
        CountDownLatch listening = new CountDownLatch(1);
        SourceListener.Observer observer = new SourceListener.Observer() {
            @Override
            public void listening(String path) {
                listening.countDown();
            }

            @Override
            public void ignored(String reason) {
                // The silent ones, in the end.
            }
        };
        FutureTask<SourceLink> accepted =
                new FutureTask<>(() -> SourceListener.accept(path, observer, NanoClock.SYSTEM, cancellation));
        Thread thread = new Thread(accepted, "listener");
        thread.setDaemon(true);
        thread.start();
        assertThat(listening.await(Waiting.LIMIT_MS, TimeUnit.MILLISECONDS)).isTrue();
        List<UnixSocket> silent = new ArrayList<>();
        try {
            for (int i = 0; i < 20; i++) {
                silent.add(UnixSocket.connect(path, () -> {}));
            }
            try (FakeSource source = new FakeSource(path, GUEST)) {
                source.greet(Mechanism.FLIP, hello -> hello);
                try (SourceLink link = accepted.get(Waiting.LIMIT_MS, TimeUnit.MILLISECONDS)) {
                    assertThat(link.hello().guest()).isEqualTo(GUEST);
                }
            }
        } finally {
            cancellation.request("the test is over");
            silent.forEach(UnixSocket::close);
        }
        assertThat(Files.exists(Path.of(path))).isFalse();
    }
}
