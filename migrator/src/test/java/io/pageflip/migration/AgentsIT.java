package io.pageflip.migration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.pageflip.channel.PeerGoneException;
import io.pageflip.guest.GuestConfig;
import io.pageflip.guest.Workload;
import io.pageflip.metrics.Failure;
import io.pageflip.metrics.MigrationStatus;
import io.pageflip.metrics.Owner;
import io.pageflip.metrics.PageCounts;
import io.pageflip.metrics.Progress;
import io.pageflip.metrics.RunResult;
import io.pageflip.metrics.VerificationResult;
import io.pageflip.os.Fd;
import io.pageflip.os.UnixSocket;
import io.pageflip.os.UnsealedMemFd;
import io.pageflip.ram.Backing;
import io.pageflip.ram.BlockSpec;
import io.pageflip.request.ChannelKind;
import io.pageflip.request.Mechanism;
import io.pageflip.request.MigrationRequest;
import io.pageflip.request.RefusedException;
import io.pageflip.request.RequestBuilder;
import io.pageflip.request.Schedule;
import io.pageflip.source.FakeSource;
import io.pageflip.switchover.Ownership;
import io.pageflip.testkit.Waiting;
import io.pageflip.wire.FrameType;
import io.pageflip.wire.Message;
import io.pageflip.wire.ProtocolException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Both agents on two threads of one process, and each of them with a peer that does not play by the rules. */
final class AgentsIT {
    private static final double RUN_ON_S = 1_000_000; // until the test cancels

    /** Some pages are holes, some change, and one block is private and of odd length. */
    private static final GuestConfig GUEST =
            new GuestConfig(16 << 20, Backing.MEMFD, 2, Workload.HOTSET, 2000, 10, 80, 7);

    @RegisterExtension
    final TwoAgents agents = new TwoAgents();

    private FutureTask<RunResult> startSource(Mechanism mechanism, ChannelKind channel, double runAfterS) {
        return startSource(mechanism, Schedule.STOP_AND_MOVE, channel, runAfterS);
    }

    private FutureTask<RunResult> startSource(
            Mechanism mechanism, Schedule schedule, ChannelKind channel, double runAfterS) {
        MigrationRequest request = new RequestBuilder()
                .guest(guest(mechanism))
                .mechanism(mechanism)
                .schedule(schedule)
                .channel(channel)
                .runAfterS(runAfterS)
                .build();
        return agents.source(request);
    }

    /** Only private pages can be gifted. */
    private static GuestConfig guest(Mechanism mechanism) {
        return mechanism == Mechanism.GIFT
                ? new GuestConfig(16 << 20, Backing.ANONYMOUS, 2, Workload.HOTSET, 2000, 10, 80, 7)
                : GUEST;
    }

    @ParameterizedTest
    @CsvSource({
        "FLIP, UNIX, true",
        "FLIP, PIPE, true",
        "FLIP, UNIX, false",
        "GIFT, UNIX, true",
        "GIFT, PIPE, true",
        "STREAM, UNIX, true",
        "STREAM, PIPE, true",
        "PULL, UNIX, true"
    })
    void aGuestChangesHands(Mechanism mechanism, ChannelKind channel, boolean moves) throws Exception {
        FutureTask<RunResult> destination = agents.destination(moves);
        RunResult told = TwoAgents.join(startSource(mechanism, channel, 0));
        RunResult result = TwoAgents.join(destination);
        assertThat(told.error()).isNull();
        assertThat(told.status()).isEqualTo(MigrationStatus.COMPLETED);
        assertThat(told.owner()).isEqualTo(Owner.DESTINATION);
        assertThat(told)
                .as("what the destination reported")
                .usingRecursiveComparison()
                .ignoringFields("source.peakPssBytes")
                .isEqualTo(result);
        assertThat(told.source().peakPssBytes()).isPositive();
        assertThat(result.verification().status()).isEqualTo(VerificationResult.Status.MATCH);
        PageCounts pages = result.measured().pages();
        assertThat(pages.addsUp()).isTrue();
        assertThat(pages.total())
                .isEqualTo(guest(mechanism).blocks().stream()
                        .mapToLong(BlockSpec::pages)
                        .sum());
        assertThat(pages.moved())
                .isEqualTo(mechanism == Mechanism.FLIP && moves ? pages.total() - pages.copied() - pages.zero() : 0);
        assertThat(pages.moved() + pages.copied()).isGreaterThan(pages.total() / 2);
        assertThat(result.measured().downtimePhasesNs().total())
                .isEqualTo(result.measured().downtimeNs());
        assertThat(result.measured().evidence().different()).isZero();
    }

    @Test
    void aSourceRefusesWhatMakesNoSenseWhoeverAsksForIt() {
        MigrationRequest request = new RequestBuilder()
                .guest(GUEST)
                .mechanism(Mechanism.GIFT)
                .schedule(Schedule.STOP_AND_MOVE)
                .build();
        assertThat(catchThrowable(() -> TwoAgents.join(agents.source(request))))
                .hasCauseInstanceOf(RefusedException.class)
                .hasMessageContaining("--mechanism gift gives away private anonymous pages");
    }

    @Test
    void aDestinationRefusesWhatMakesNoSenseWhoeverAsksForIt() throws Exception {
        MigrationRequest request = new RequestBuilder().runAfterS(-1).build();
        FutureTask<RunResult> destination = agents.destination(request);
        try (FakeSource source = new FakeSource(agents.path(), GUEST)) {
            source.greet(Mechanism.FLIP, hello -> hello);
            assertThat(catchThrowable(() -> TwoAgents.join(destination)))
                    .hasCauseInstanceOf(RefusedException.class)
                    .hasMessageContaining("--run-after -1.0: it must be from 0");
            assertThat(source.ownsGuest()).isTrue();
        }
    }

    @ParameterizedTest
    @CsvSource({"HANDOVER, FLIP, false", "POSTCOPY, FLIP, false", "HANDOVER, STREAM, true", "POSTCOPY, STREAM, true"})
    void aDestinationRefusesAScheduleThatCannotBe(Schedule schedule, Mechanism mechanism, boolean moves)
            throws Exception {
        FutureTask<RunResult> destination = agents.destination(moves);
        try (FakeSource source = new FakeSource(agents.path(), GUEST)) {
            source.greet(Mechanism.FLIP, hello -> FakeSource.with(hello, hello.pid(), schedule, mechanism));
            assertThat(((Message.Failed) source.heard()).reason()).startsWith("--schedule " + schedule + " ");
            assertThat(catchThrowable(() -> TwoAgents.join(destination))).hasCauseInstanceOf(ProtocolException.class);
            assertThat(source.ownsGuest()).isTrue();
        }
    }

    @FunctionalInterface
    private interface Misdeed {
        void commit(FakeDestination destination) throws IOException;
    }

    /** The destination does that; the guest must be found at the source, running, with the token, and intact. */
    private String assertGuestStays(Mechanism mechanism, boolean stood, Misdeed misdeed) throws Exception {
        FutureTask<RunResult> source = startSource(mechanism, ChannelKind.UNIX, RUN_ON_S);
        try (FakeDestination destination = new FakeDestination(agents.listener())) {
            destination.token();
            misdeed.commit(destination);
            Waiting.until(
                    "the guest to run at the source again",
                    () -> agents.progress().phase() == Progress.Phase.RUNNING || source.isDone());
            assertThat(source.isDone()).as("the source runs its guest").isFalse();
            assertThat(destination.token().isLocked()).isFalse();
            assertThat(destination.token().tryLock())
                    .as("the lock is the source's")
                    .isFalse();
            assertThat(destination.token().epoch())
                    .as("no late destination may take it")
                    .isEqualTo(stood ? 3 : 1);
        }
        agents.cancellation().request("seen enough");
        RunResult result = TwoAgents.join(source);
        assertThat(result.status()).isEqualTo(MigrationStatus.FAILED);
        assertThat(result.owner()).isEqualTo(Owner.SOURCE);
        assertThat(result.verification().status()).isEqualTo(VerificationResult.Status.MATCH);
        assertThat(result.error().kind()).isEqualTo(Failure.Kind.MIGRATION_FAILED);
        return result.error().message();
    }

    @Test
    void aDestinationGivesUpInsteadOfGettingReady() throws Exception {
        String reason = assertGuestStays(Mechanism.FLIP, false, destination -> {
            destination.readUntil(FrameType.PREPARE);
            destination.say(new Message.Failed("no room here"));
        });
        assertThat(reason).isEqualTo("the destination has given up: no room here");
    }

    @ParameterizedTest
    @CsvSource({"FLIP", "GIFT", "STREAM", "PULL"})
    void aDestinationGoesAfterItWasReady(Mechanism mechanism) throws Exception {
        String reason = assertGuestStays(mechanism, true, destination -> {
            destination.readUntil(FrameType.PREPARE);
            destination.say(new Message.Ready(1));
            destination.readUntil(firstPages(mechanism));
            destination.die();
        });
        assertThat(reason)
                .matches("the (other agent has closed its control connection, or died"
                        + "|destination has closed the migration stream).*");
    }

    private static FrameType firstPages(Mechanism mechanism) {
        return switch (mechanism) {
            case FLIP -> FrameType.GIFT;
            case GIFT -> FrameType.SPLICE;
            case STREAM -> FrameType.BYTES;
            case PULL -> FrameType.PULL;
            case FUSE -> FrameType.FUSE;
        };
    }

    @Test
    void aDestinationSendsGarbage() throws Exception {
        String reason = assertGuestStays(Mechanism.FLIP, false, destination -> {
            destination.readUntil(FrameType.PREPARE);
            destination.sayRaw("GET / HTTP/1.1\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
        });
        assertThat(reason).isEqualTo("no frame: it starts with 0x47455420, not with \"PGFL\"");
    }

    @Test
    void aDestinationSaysItResumedBeforeItHasTheGuest() throws Exception {
        String reason = assertGuestStays(Mechanism.FLIP, true, destination -> {
            destination.readUntil(FrameType.PREPARE);
            destination.say(new Message.Ready(1));
            destination.readUntil(FrameType.END);
            destination.say(new Message.Resumed(2));
        });
        assertThat(reason).isEqualTo("the destination sent a RESUMED message, which does not belong here");
    }

    @Test
    void aDestinationGoesWithoutTakingWhatWasReleased() throws Exception {
        String reason = assertGuestStays(Mechanism.FLIP, true, destination -> {
            destination.readUntil(FrameType.PREPARE);
            destination.say(new Message.Ready(1));
            destination.readUntil(FrameType.END);
            destination.die();
        });
        assertThat(reason).startsWith("the other agent has closed its control connection, or died");
    }

    @Test
    void aDestinationThatTookTheGuestAndDiedHasLostIt() throws Exception {
        FutureTask<RunResult> source = startSource(Mechanism.FLIP, ChannelKind.UNIX, RUN_ON_S);
        try (FakeDestination destination = new FakeDestination(agents.listener())) {
            destination.token();
            destination.readUntil(FrameType.PREPARE);
            destination.say(new Message.Ready(1));
            destination.readUntil(FrameType.END);
            Waiting.until("the lock", () -> destination.token().tryLock());
            new Ownership(destination.token(), 1).take();
        }
        RunResult result = TwoAgents.join(source);
        assertThat(result.status()).isEqualTo(MigrationStatus.LOST);
        assertThat(result.owner()).isEqualTo(Owner.NOBODY);
        assertThat(result.error().kind()).isEqualTo(Failure.Kind.GUEST_LOST);
        assertThat(result.error().message()).contains("the destination took it and died");
    }

    @Test
    void aDestinationThatTookTheGuestAndReportsNonsenseHasItAllTheSame() throws Exception {
        FutureTask<RunResult> source = startSource(Mechanism.FLIP, ChannelKind.UNIX, RUN_ON_S);
        try (FakeDestination destination = new FakeDestination(agents.listener())) {
            destination.token();
            destination.readUntil(FrameType.PREPARE);
            destination.say(new Message.Ready(1));
            destination.readUntil(FrameType.END);
            Waiting.until("the lock", () -> destination.token().tryLock());
            new Ownership(destination.token(), 1).take();
            destination.say(new Message.Resumed(2));
            destination.say(new Message.Completed(0, "{\"status\":17"));
            RunResult result = TwoAgents.join(source);
            assertThat(result.status()).isEqualTo(MigrationStatus.COMPLETED);
            assertThat(result.owner()).isEqualTo(Owner.DESTINATION);
            assertThat(result.error().kind()).isEqualTo(Failure.Kind.NO_REPORT);
        }
    }

    @Test
    void aCancelledSourceKeepsItsGuest() throws Exception {
        FutureTask<RunResult> source = startSource(Mechanism.STREAM, ChannelKind.UNIX, 0);
        try (FakeDestination destination = new FakeDestination(agents.listener())) {
            destination.readUntil(FrameType.PREPARE);
            agents.cancellation().request("cancelled by the user");
            RunResult result = TwoAgents.join(source);
            assertThat(result.status()).isEqualTo(MigrationStatus.CANCELLED);
            assertThat(result.owner()).isEqualTo(Owner.SOURCE);
            assertThat(result.verification().status()).isEqualTo(VerificationResult.Status.MATCH);
            assertThat(result.error().message()).isEqualTo("cancelled by the user");
        }
    }

    @FunctionalInterface
    private interface Lie {
        void tell(FakeSource source) throws IOException;
    }

    /**
     * The source does that after an honest start; the destination must refuse, say why, and not have taken the guest.
     */
    private void assertRefused(Mechanism mechanism, String reason, Lie lie) throws Exception {
        assertRefused(mechanism, hello -> hello, reason, source -> {
            source.prepare();
            lie.tell(source);
        });
    }

    private void assertRefused(Mechanism mechanism, UnaryOperator<Message.Hello> change, String reason, Lie lie)
            throws Exception {
        FutureTask<RunResult> destination = agents.destination(true);
        try (FakeSource source = new FakeSource(agents.path(), GUEST)) {
            source.greet(mechanism, change);
            lie.tell(source);
            assertThat(source.heard()).isEqualTo(new Message.Failed(reason));
            assertThatExceptionOfType(ExecutionException.class)
                    .isThrownBy(() -> TwoAgents.join(destination))
                    .havingCause()
                    .isInstanceOf(ProtocolException.class)
                    .withMessage(reason);
            assertThat(source.ownsGuest()).as("the guest is still the source's").isTrue();
        }
    }

    @Test
    void aSourceSendsPagesTwice() throws Exception {
        assertRefused(Mechanism.STREAM, "pages 0+1 of RAM block ram were sent twice", source -> {
            source.record(FrameType.ZERO, 0, 0, 8, 0);
            source.record(FrameType.ZERO, 0, 0, 1, 0);
        });
    }

    @Test
    void aSourceSendsPagesOutOfRange() throws Exception {
        assertRefused(
                Mechanism.FLIP,
                "pages 4095+2 of RAM block ram, which has 4096",
                source -> source.record(FrameType.GIFT, 0, 4095, 2, 0));
    }

    @Test
    void aSourceSendsPagesOfABlockThatThereIsNot() throws Exception {
        assertRefused(Mechanism.PULL, "RAM block number 3 of 3", source -> source.record(FrameType.PULL, 3, 0, 1, 0));
    }

    @Test
    void aSourceGiftsPrivateMemory() throws Exception {
        assertRefused(
                Mechanism.FLIP,
                "RAM block rom was gifted without a memfd",
                source -> source.record(FrameType.GIFT, 2, 0, 1, 0));
    }

    @Test
    void aSourceSendsRecordsThatDoNotBelongHere() throws Exception {
        assertRefused(
                Mechanism.STREAM,
                "a GIFT frame does not belong to this migration",
                source -> source.record(FrameType.GIFT, 0, 0, 1, 0));
    }

    @Test
    void aSourceSendsHalfARecord() throws Exception {
        assertRefused(Mechanism.FLIP, "a ZERO frame of 15 bytes, which is no number of records", source -> {
            source.header(FrameType.ZERO, 15);
            source.bytes(new byte[15]);
        });
    }

    @Test
    void aSourceSendsBytesWithoutAReason() throws Exception {
        assertRefused(
                Mechanism.STREAM,
                "bytes of pages came without a reason",
                source -> source.record(FrameType.BYTES, 0, 0, 1, 0));
    }

    @Test
    void aSourceGivesAReasonThatThereIsNot() throws Exception {
        assertRefused(
                Mechanism.STREAM,
                "no copy reason has number 99",
                source -> source.record(FrameType.BYTES, 0, 0, 1, 99));
    }

    @Test
    void aSourceLeavesPagesOut() throws Exception {
        assertRefused(Mechanism.FLIP, "RAM block ram has 4096 pages; 0 were sent and 4095 are holes", source -> {
            source.say(source.end(1, 0, 0));
        });
    }

    @Test
    void aSourceSendsAStateThatCannotBe() throws Exception {
        FutureTask<RunResult> destination = agents.destination(true);
        try (FakeSource source = new FakeSource(agents.path(), GUEST)) {
            source.greet(Mechanism.FLIP, hello -> hello);
            source.prepare();
            source.say(source.end(0, 0, 0));
            source.switchOut(-5);
            assertThat(source.heard())
                    .isEqualTo(new Message.Failed("vCPU 0 of the source has a cursor of -5, which cannot be"));
            assertThat(source.epoch()).isEqualTo(1);
        }
        assertThat(catchThrowable(() -> TwoAgents.join(destination))).hasCauseInstanceOf(IOException.class);
    }

    @Test
    void aSourceHandsOverWithoutItsPages() throws Exception {
        FutureTask<RunResult> destination = agents.destination(true);
        try (FakeSource source = new FakeSource(agents.path(), GUEST)) {
            source.greet(Mechanism.FLIP, AgentsIT::asHandover);
            source.header(FrameType.PREPARE, 0);
            assertThat(source.heard())
                    .isEqualTo(new Message.Failed("a handover whose pages have not ended before PREPARE"));
        }
        assertThat(catchThrowable(() -> TwoAgents.join(destination))).hasCauseInstanceOf(ProtocolException.class);
    }

    private static Message.Hello asHandover(Message.Hello h) {
        return FakeSource.with(h, h.pid(), Schedule.HANDOVER, h.mechanism());
    }

    @Test
    void aSourceForgetsToPrepare() throws Exception {
        assertRefused(
                Mechanism.FLIP,
                hello -> hello,
                "a ZERO frame before PREPARE",
                source -> source.record(FrameType.ZERO, 0, 0, 1, 0));
    }

    @Test
    void aSourceNamesWrongInodes() throws Exception {
        FutureTask<RunResult> destination = agents.destination(true);
        try (FakeSource source = new FakeSource(agents.path(), GUEST)) {
            source.greet(Mechanism.FLIP, AgentsIT::withAnotherOracle);
            assertThat(((Message.Failed) source.heard()).reason())
                    .contains("is not the memfd that the source described");
            assertThat(catchThrowable(() -> TwoAgents.join(destination))).hasCauseInstanceOf(ProtocolException.class);
            assertThat(source.ownsGuest()).isTrue();
        }
    }

    private static Message.Hello withAnotherOracle(Message.Hello h) {
        return new Message.Hello(
                h.version(),
                h.pid(),
                h.ownerEpoch(),
                h.mechanism(),
                h.schedule(),
                h.gifts(),
                h.populate(),
                h.pagePipe(),
                h.guest(),
                h.scenario(),
                h.token(),
                FakeSource.other(h.oracle()),
                h.console(),
                h.frames(),
                h.blocks());
    }

    @Test
    void aSourceSpeaksAnotherVersion() throws Exception {
        FutureTask<RunResult> destination = agents.destination(true);
        try (FakeSource source = new FakeSource(agents.path(), GUEST)) {
            source.greet(
                    Mechanism.FLIP,
                    h -> new Message.Hello(
                            1,
                            h.pid(),
                            h.ownerEpoch(),
                            h.mechanism(),
                            h.schedule(),
                            h.gifts(),
                            h.populate(),
                            h.pagePipe(),
                            h.guest(),
                            h.scenario(),
                            h.token(),
                            h.oracle(),
                            h.console(),
                            h.frames(),
                            h.blocks()));
            assertThat(((Message.Failed) source.heard()).reason())
                    .contains("protocol version 1, this destination " + Message.Hello.VERSION);
            assertThat(catchThrowable(() -> TwoAgents.join(destination))).hasCauseInstanceOf(ProtocolException.class);
        }
    }

    @ParameterizedTest
    @CsvSource({"1, token", "2, oracle", "3, console", "4, frames", "5, ram", "6, vram"})
    void aSourcePassesAMemfdThatItCanShrink(int at, String name) throws Exception {
        FutureTask<RunResult> destination = agents.destination(true);
        try (FakeSource source = new FakeSource(agents.path(), GUEST);
                Fd unsealed = UnsealedMemFd.create(name, source.file(at - 1).length())) {
            source.pass(at, unsealed);
            long inode = unsealed.inode();
            source.greet(Mechanism.FLIP, hello -> withInode(hello, at - 1, inode));
            String reason = "memfd " + name + " is not sealed against a change of its size";
            assertThat(source.heard()).isEqualTo(new Message.Failed(reason));
            assertThat(catchThrowable(() -> TwoAgents.join(destination))).hasRootCauseMessage(reason);
            assertThat(source.ownsGuest()).isTrue();
        }
    }

    /** The greeting with another inode for file {@code at}, in the order of {@link Message.Hello#files}. */
    private static Message.Hello withInode(Message.Hello h, int at, long inode) {
        List<Message.Hello.File> files = new java.util.ArrayList<>(h.files());
        files.set(at, new Message.Hello.File(files.get(at).descriptor(), inode));
        List<Message.Hello.Block> blocks = new java.util.ArrayList<>();
        int next = 4;
        for (Message.Hello.Block block : h.blocks()) {
            blocks.add(new Message.Hello.Block(
                    block.spec(), block.address(), block.file() == null ? null : files.get(next++)));
        }
        return new Message.Hello(
                h.version(),
                h.pid(),
                h.ownerEpoch(),
                h.mechanism(),
                h.schedule(),
                h.gifts(),
                h.populate(),
                h.pagePipe(),
                h.guest(),
                h.scenario(),
                files.get(0),
                files.get(1),
                files.get(2),
                files.get(3),
                blocks);
    }

    @Test
    void aSourceGoesInTheMiddle() throws Exception {
        FutureTask<RunResult> destination = agents.destination(true);
        try (FakeSource source = new FakeSource(agents.path(), GUEST)) {
            source.greet(Mechanism.FLIP, hello -> hello);
            source.prepare();
            source.record(FrameType.GIFT, 0, 0, 1, 0);
        }
        assertThat(catchThrowable(() -> TwoAgents.join(destination))).hasCauseInstanceOf(PeerGoneException.class);
    }

    @Test
    void aSourceThatCallsDataAHoleLosesItVisibly() throws Exception {
        FutureTask<RunResult> destination = agents.destination(true);
        try (FakeSource source = new FakeSource(agents.path(), GUEST)) {
            source.greet(Mechanism.STREAM, hello -> hello);
            source.prepare();
            source.say(source.end(0, 0, 0));
            source.switchOut(0);
            RunResult result = TwoAgents.join(destination);
            assertThat(source.epoch()).isEqualTo(2);
            assertThat(result.status()).isEqualTo(MigrationStatus.COMPLETED);
            assertThat(result.verification().status()).isEqualTo(VerificationResult.Status.MISMATCH);
            assertThat(result.verification().found().lost()).isPositive();
        }
    }

    @Test
    void aSourceThatNeverGreetsIsRefused() throws Exception {
        FutureTask<RunResult> destination = agents.destination(true);
        try (UnixSocket silent = UnixSocket.connect(agents.path())) {
            assertThat(silent.fd().isOpen()).isTrue();
        }
        assertThat(catchThrowable(() -> TwoAgents.join(destination)))
                .hasRootCauseMessage("a connection that was closed without a greeting");
    }
}
