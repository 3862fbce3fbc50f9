package io.pageflip.migration;

import static org.assertj.core.api.Assertions.assertThat;

import io.pageflip.guest.GuestConfig;
import io.pageflip.guest.Workload;
import io.pageflip.metrics.Failure;
import io.pageflip.metrics.MigrationStatus;
import io.pageflip.metrics.Owner;
import io.pageflip.metrics.Progress;
import io.pageflip.metrics.RunResult;
import io.pageflip.metrics.VerificationResult;
import io.pageflip.os.NativeBuffer;
import io.pageflip.ram.Backing;
import io.pageflip.request.Mechanism;
import io.pageflip.request.MigrationRequest;
import io.pageflip.request.RequestBuilder;
import io.pageflip.request.Schedule;
import io.pageflip.request.WarmUpLength;
import io.pageflip.switchover.RunToken;
import io.pageflip.testkit.Waiting;
import io.pageflip.wire.FrameType;
import io.pageflip.wire.Message;
import java.io.IOException;
import java.util.List;
import java.util.Random;
import java.util.concurrent.FutureTask;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A destination that lies, stalls, or scribbles over what both agents map. Whatever it does, the source ends with its
 * guest running and intact, soon; or the guest is the destination's, because it has taken it.
 */
final class HostileDestinationIT {
    /** So long a guest may be paused here. */
    private static final double LIMIT_S = 0.3;

    private static final double RUN_ON_S = 1_000_000; // until the test cancels

    private static final GuestConfig SHARED =
            new GuestConfig(16 << 20, Backing.MEMFD, 2, Workload.HOTSET, 2000, 10, 80, 7);

    private static final GuestConfig PRIVATE =
            new GuestConfig(16 << 20, Backing.ANONYMOUS, 2, Workload.HOTSET, 2000, 10, 80, 7);

    /** Offsets in the run token's memfd. */
    private static final int EPOCH = 0;

    private static final int SWITCHOVER_PAGE = 4096;

    @RegisterExtension
    final TwoAgents agents = new TwoAgents();

    @FunctionalInterface
    private interface Misdeed {
        void commit(FakeDestination destination) throws IOException;
    }

    /** @param schedule and mechanism of the migration that the destination spoils */
    private record Lie(String name, Schedule schedule, Mechanism mechanism, Misdeed misdeed) {
        @Override
        public String toString() {
            return schedule + ", " + mechanism + ": " + name;
        }
    }

    private static Stream<Lie> everywhere(String name, Misdeed misdeed) {
        return Stream.of(
                new Lie(name, Schedule.STOP_AND_MOVE, Mechanism.FLIP, misdeed),
                new Lie(name, Schedule.STOP_AND_MOVE, Mechanism.STREAM, misdeed),
                new Lie(name, Schedule.STOP_AND_MOVE, Mechanism.GIFT, misdeed),
                new Lie(name, Schedule.STOP_AND_MOVE, Mechanism.PULL, misdeed),
                new Lie(name, Schedule.HANDOVER, Mechanism.FLIP, misdeed),
                new Lie(name, Schedule.POSTCOPY, Mechanism.FLIP, misdeed),
                new Lie(name, Schedule.POSTCOPY, Mechanism.PULL, misdeed),
                new Lie(name, Schedule.PRECOPY, Mechanism.STREAM, misdeed));
    }

    private static void put(FakeDestination destination, long offset, int word) throws IOException {
        NativeBuffer buffer = NativeBuffer.allocate(Integer.BYTES);
        buffer.bytes().putInt(0, word);
        destination.token().file().write(offset, buffer, Integer.BYTES);
    }

    private static void scribble(FakeDestination destination, int from, int to) throws IOException {
        byte[] noise = new byte[to - from];
        new Random(from).nextBytes(noise);
        NativeBuffer buffer = NativeBuffer.allocate(noise.length);
        buffer.bytes().put(0, noise);
        destination.token().file().write(from, buffer, noise.length);
    }

    /** Says READY, and acknowledges what the source waits for. */
    private static void getReady(FakeDestination destination) throws IOException {
        destination.token().page().setRoundsReceived(1000);
        destination.readUntil(FrameType.PREPARE);
        destination.say(new Message.Ready(1));
    }

    /** Takes the lock, unless this test got no processor until the source had taken the guest back. */
    private static void awaitReleased(FakeDestination destination) throws IOException {
        RunToken token = destination.token();
        destination.drain();
        Waiting.until("the source to release the lock, or to take it back", () -> {
            try {
                return token.tryLock() || destination.isCancelled();
            } catch (IOException e) {
                throw new java.io.UncheckedIOException(e);
            }
        });
    }

    static Stream<Lie> lies() {
        Stream<Lie> stalls = Stream.of(
                new Lie("reads nothing once it is ready", Schedule.STOP_AND_MOVE, Mechanism.STREAM, d -> getReady(d)),
                new Lie("reads nothing once it is ready", Schedule.STOP_AND_MOVE, Mechanism.GIFT, d -> getReady(d)),
                new Lie("drips", Schedule.STOP_AND_MOVE, Mechanism.STREAM, d -> {
                    getReady(d);
                    d.drip();
                }),
                new Lie("drips", Schedule.STOP_AND_MOVE, Mechanism.GIFT, d -> {
                    getReady(d);
                    d.drip();
                }));
        Stream<Lie> epochs = Stream.of(0, 2, 3, 77, -1, Integer.MIN_VALUE, Integer.MAX_VALUE)
                .flatMap(word -> Stream.of(
                                everywhere("epoch " + word + " before it is ready", d -> {
                                    put(d, EPOCH, word);
                                    d.token().page().setRoundsReceived(1);
                                    d.readUntil(FrameType.PREPARE);
                                    d.die();
                                }),
                                Stream.of(
                                        new Lie(
                                                "epoch " + word + " while paused",
                                                Schedule.STOP_AND_MOVE,
                                                Mechanism.FLIP,
                                                d -> {
                                                    getReady(d);
                                                    d.readUntil(FrameType.GIFT);
                                                    put(d, EPOCH, word);
                                                    d.die();
                                                }),
                                        new Lie(
                                                "epoch " + word + " while paused",
                                                Schedule.STOP_AND_MOVE,
                                                Mechanism.STREAM,
                                                d -> {
                                                    getReady(d);
                                                    d.readUntil(FrameType.BYTES);
                                                    put(d, EPOCH, word);
                                                    d.die();
                                                })))
                        .flatMap(s -> s));
        Stream<Lie> released = Stream.of(0, 3, 77, -1)
                .flatMap(word -> everywhere("epoch " + word + " when it could take the guest", d -> {
                    getReady(d);
                    awaitReleased(d);
                    put(d, EPOCH, word);
                }));
        Stream<Lie> holders = Stream.of(
                        everywhere("holds the lock for ever", d -> {
                            getReady(d);
                            awaitReleased(d);
                        }),
                        everywhere("does nothing once the guest is released", d -> {
                            getReady(d);
                            d.drain();
                        }),
                        everywhere("gives the lock back", d -> {
                            getReady(d);
                            awaitReleased(d);
                            d.token().release();
                        }),
                        everywhere("dies when it could take the guest", d -> {
                            getReady(d);
                            d.die();
                        }))
                .flatMap(s -> s);
        Stream<Lie> scribblers = Stream.of(
                        everywhere("scribbles over the switchover page before it is ready", d -> {
                            scribble(d, SWITCHOVER_PAGE, 2 * SWITCHOVER_PAGE);
                            d.token().page().setRoundsReceived(1);
                            d.readUntil(FrameType.PREPARE);
                            d.die();
                        }),
                        everywhere("scribbles over the switchover page, and does not take the guest", d -> {
                            getReady(d);
                            awaitReleased(d);
                            scribble(d, SWITCHOVER_PAGE, 2 * SWITCHOVER_PAGE);
                            d.die();
                        }))
                .flatMap(s -> s);
        Stream<Lie> talkers = Stream.of(
                        new Message.Ready(1),
                        new Message.Ready(-1),
                        new Message.Resumed(2),
                        new Message.Completed(0, "{}"),
                        new Message.Failed("\u001b[2J\u001b]0;owned\u0007"),
                        new Message.Cancel("you"),
                        new Message.Recover(1))
                .flatMap(message -> Stream.of(
                        new Lie(message.type() + " twice before PREPARE", Schedule.STOP_AND_MOVE, Mechanism.FLIP, d -> {
                            d.say(message);
                            d.say(message);
                        }),
                        new Lie(message.type() + " while paused", Schedule.STOP_AND_MOVE, Mechanism.FLIP, d -> {
                            getReady(d);
                            d.readUntil(FrameType.GIFT);
                            d.say(message);
                            d.say(message);
                        })));
        Stream<Lie> floods = Stream.of(
                new Lie(
                        "floods it while the guest is filled",
                        Schedule.HANDOVER,
                        Mechanism.FLIP,
                        d -> d.flood(200_000)),
                new Lie("floods it when it is ready", Schedule.STOP_AND_MOVE, Mechanism.FLIP, d -> {
                    getReady(d);
                    d.flood(200_000);
                }));
        return Stream.of(stalls, epochs, released, holders, scribblers, talkers, floods)
                .flatMap(s -> s);
    }

    private FutureTask<RunResult> startSource(Schedule schedule, Mechanism mechanism) {
        MigrationRequest request = new RequestBuilder()
                .guest(mechanism == Mechanism.GIFT ? PRIVATE : SHARED)
                .mechanism(mechanism)
                .schedule(schedule)
                .switchoverTimeoutS(LIMIT_S)
                .warmUp(WarmUpLength.BRIEF)
                .runAfterS(RUN_ON_S)
                .build();
        return agents.source(request);
    }

    @ParameterizedTest
    @MethodSource("lies")
    void theGuestGoesOnAtTheSource(Lie lie) throws Exception {
        FutureTask<RunResult> source = startSource(lie.schedule, lie.mechanism);
        try (FakeDestination destination = new FakeDestination(agents.listener())) {
            destination.token();
            lie.misdeed.commit(destination);
            Waiting.until(
                    "the guest to run at the source again",
                    () -> agents.progress().phase() == Progress.Phase.RUNNING || source.isDone());
            assertThat(source.isDone()).as("the source runs its guest").isFalse();
        }
        agents.cancellation().request("seen enough");
        RunResult result = TwoAgents.join(source);
        assertThat(result.owner()).isEqualTo(Owner.SOURCE);
        assertThat(result.status()).isEqualTo(MigrationStatus.FAILED);
        assertThat(result.verification().status()).isEqualTo(VerificationResult.Status.MATCH);
        assertThat(result.error().kind()).isEqualTo(Failure.Kind.MIGRATION_FAILED);
        assertThat(result.error().message()).isNotBlank().doesNotContain("Exception", "\u001b", "\u0007");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "null",
                "{}",
                "[]",
                "{\"status\":17",
                "{\"status\":\"failed\",\"owner\":\"source\",\"error\":{\"class\":\"cancelled\",\"message\":\"\\u001b[2J\"}}",
                "{\"status\":\"completed\",\"owner\":\"destination\"}",
                "{\"status\":\"completed\",\"owner\":\"destination\",\"downtime-phases-ns\":{\"stop\":-5}}"
            })
    void aDestinationThatTookTheGuestMayReportWhatItLikes(String report) throws Exception {
        FutureTask<RunResult> source = startSource(Schedule.STOP_AND_MOVE, Mechanism.FLIP);
        try (FakeDestination destination = new FakeDestination(agents.listener())) {
            destination.token();
            getReady(destination);
            awaitReleased(destination);
            destination.take();
            destination.say(new Message.Resumed(2));
            destination.say(new Message.Completed(-1, report));
            RunResult result = TwoAgents.join(source);
            assertThat(result.status()).isEqualTo(MigrationStatus.COMPLETED);
            assertThat(result.owner()).isEqualTo(Owner.DESTINATION);
            assertThat(result.error().kind()).isEqualTo(Failure.Kind.NO_REPORT);
            assertThat(result.error().message()).doesNotContain("\u001b", "Exception");
        }
    }

    /** The next epoch is a claim once the source has released the guest, whoever holds the lock: an honest "lost". */
    @Test
    void aDestinationThatTookTheGuestAndDiedHasLostIt() throws Exception {
        FutureTask<RunResult> source = startSource(Schedule.HANDOVER, Mechanism.FLIP);
        try (FakeDestination destination = new FakeDestination(agents.listener())) {
            destination.token();
            getReady(destination);
            awaitReleased(destination);
            destination.take();
        }
        RunResult result = TwoAgents.join(source);
        assertThat(result.status()).isEqualTo(MigrationStatus.LOST);
        assertThat(result.owner()).isEqualTo(Owner.NOBODY);
    }

    static List<Mechanism> copying() {
        return List.of(Mechanism.STREAM, Mechanism.PULL);
    }

    /** What is promised is the limit of the pause, and not only that it ends. */
    @ParameterizedTest
    @MethodSource("copying")
    void aGuestIsNotPausedForLongerThanTheLimit(Mechanism mechanism) throws Exception {
        FutureTask<RunResult> source = startSource(Schedule.STOP_AND_MOVE, mechanism);
        try (FakeDestination destination = new FakeDestination(agents.listener())) {
            destination.token();
            getReady(destination);
            Waiting.until(
                    "the guest to run at the source again",
                    () -> agents.progress().phase() == Progress.Phase.RUNNING || source.isDone());
        }
        agents.cancellation().request("seen enough");
        RunResult result = TwoAgents.join(source);
        assertThat(result.error().message())
                .startsWith(
                        "the guest was paused for 0.3 s, which is the limit (--switchover-timeout), while waiting for ");
    }
}
