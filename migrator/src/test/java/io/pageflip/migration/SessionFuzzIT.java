package io.pageflip.migration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.pageflip.guest.GuestConfig;
import io.pageflip.guest.Workload;
import io.pageflip.metrics.MigrationStatus;
import io.pageflip.metrics.Owner;
import io.pageflip.metrics.RunResult;
import io.pageflip.metrics.VerificationResult;
import io.pageflip.os.Proc;
import io.pageflip.ram.Backing;
import io.pageflip.request.MigrationRequest;
import io.pageflip.request.RequestBuilder;
import io.pageflip.request.WarmUpLength;
import io.pageflip.source.FakeSource;
import io.pageflip.switchover.RunToken;
import io.pageflip.wire.FrameType;
import io.pageflip.wire.Message;
import io.pageflip.wire.MessageCodec;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * A destination hears damaged sessions of every schedule, and a source hears damaged answers. Each refuses, or goes on:
 * one of both has the guest. None hangs, fails in a way that nobody foresaw, leaves anything open, or grows. The
 * sessions are recorded between two real agents ({@link RecordedSession}).
 *
 * <p>{@code -Dpageflip.fuzz.seconds=N} goes on for longer; {@code -Dpageflip.fuzz.seed=N} repeats the session that a
 * failure named, alone.
 */
final class SessionFuzzIT {
    private static final GuestConfig GUEST = new GuestConfig(1 << 20, Backing.MEMFD, 1, Workload.IDLE, 0, 10, 100, 7);
    private static final MigrationRequest REQUEST = new RequestBuilder()
            .runAfterS(0)
            .verify(false)
            .warmUp(WarmUpLength.BRIEF)
            .postcopy(new MigrationRequest.Postcopy(null, null, 0L)) // nobody comes back
            .build();
    /** Small frames, so that there are many. */
    private static final int PAGES_A_FRAME = 1;

    /** How long a guest may be paused for a destination that does not take it. */
    private static final double LIMIT_S = 0.1;

    /** One session in so many is the source's: there, a guest has to be made and verified. */
    private static final int SOURCE_SHARE = 16;

    /** Sessions until everything is loaded and every buffer has been made. */
    private static final int FIRST_SESSIONS = 100;

    private static final long MOST_GROWTH_BYTES = 96 << 20;
    private static final Map<DamagedSession.Kind, RecordedSession> RECORDED = new HashMap<>();

    /** Those that can be tried here. */
    private static final List<DamagedSession.Kind> KINDS = DamagedSession.KINDS.stream()
            .filter(kind -> kind.whyNot().isEmpty())
            .toList();

    private static final long NS_PER_S = 1_000_000_000;
    private static final int TOKEN_BYTES = 2 * 4096;
    private static final int READY_MS = 500;

    /**
     * How long a source writes to a destination that reads nothing. One whose greeting is damaged waits for the rest of
     * it, which the source has never sent: without this, for as long as a source may take to greet.
     */
    private static final long PATIENCE_S = 1;

    @RegisterExtension
    final TwoAgents agents = new TwoAgents();

    private long frames;
    private long sessions;
    private long taken;

    /** Recorded when it is first needed. */
    private RecordedSession recorded(DamagedSession.Kind kind) throws Exception {
        RecordedSession known = RECORDED.get(kind);
        if (known == null) {
            known = RecordedSession.of(agents, request(kind));
            RECORDED.put(kind, known);
        }
        return known;
    }

    private static MigrationRequest request(DamagedSession.Kind kind) {
        return builder(kind).batchPages(PAGES_A_FRAME).build();
    }

    private static RequestBuilder builder(DamagedSession.Kind kind) {
        return new RequestBuilder()
                .guest(GUEST)
                .place(kind.place())
                .channel(kind.channel())
                .schedule(kind.schedule())
                .mechanism(kind.mechanism())
                .runAfterS(0)
                .warmUp(WarmUpLength.BRIEF)
                .postcopy(new MigrationRequest.Postcopy(null, null, 0L)); // nobody comes back
    }

    static Stream<DamagedSession.Kind> kinds() {
        return DamagedSession.KINDS.stream();
    }

    /** Otherwise the damage would prove little. */
    @ParameterizedTest
    @MethodSource("kinds")
    void anUndamagedSessionIsAccepted(DamagedSession.Kind kind) throws Exception {
        assumeTrue(kind.whyNot().isEmpty(), kind::whyNot);
        RecordedSession session = recorded(kind);
        FutureTask<RunResult> destination = agents.destination(REQUEST);
        try (FakeSource source = source(kind)) {
            source.greet(kind.mechanism(), hello -> as(hello, kind));
            for (byte[] frame : session.stream()) {
                source.bytes(frame);
            }
            Message said = source.heard();
            assertThat(said).as("%s", said).isInstanceOf(Message.Ready.class);
            source.switchOut(0);
            assertThat(TwoAgents.join(destination).status()).isEqualTo(MigrationStatus.COMPLETED);
            assertThat(source.epoch()).isEqualTo(2);
        }
    }

    private FakeSource source(DamagedSession.Kind kind) throws IOException {
        return new FakeSource(agents.path(), request(kind), PATIENCE_S);
    }

    private static Message.Hello as(Message.Hello hello, DamagedSession.Kind kind) {
        return FakeSource.with(hello, hello.pid(), kind.schedule(), kind.mechanism());
    }

    @Test
    void aDamagedSessionDoesNoHarm() throws Exception {
        Long only = Long.getLong("pageflip.fuzz.seed");
        if (only != null) {
            run(only);
            return;
        }
        Random seeds = new Random();
        for (DamagedSession.Kind kind : KINDS) {
            recorded(kind);
        }
        run(seeds.nextLong()); // loads classes, and what they keep open
        long open = openDescriptors();
        long bytes = 0;
        long untilNs = System.nanoTime() + Long.getLong("pageflip.fuzz.seconds", 5L) * NS_PER_S;
        while (System.nanoTime() < untilNs) {
            run(seeds.nextLong());
            bytes = sessions == FIRST_SESSIONS ? usedBytes() : bytes;
        }
        if (bytes != 0) {
            assertThat(usedBytes() - bytes).as("growth of memory").isLessThan(MOST_GROWTH_BYTES);
        }
        assertThat(openDescriptors()).as("open descriptors").isLessThanOrEqualTo(open);
        System.out.printf(
                "%d damaged sessions, %d frames; %d guests were taken all the same%n", sessions, frames, taken);
    }

    /** Memory of this process, garbage left out as far as the JVM does so. */
    private static long usedBytes() throws IOException {
        System.gc();
        return Proc.proportionalSetBytes();
    }

    private static long openDescriptors() throws IOException {
        try (Stream<Path> open = Files.list(Path.of("/proc/self/fd"))) {
            return open.count();
        }
    }

    private void run(long seed) throws Exception {
        try {
            session(new Random(seed));
        } catch (Exception | AssertionError e) {
            throw new AssertionError("repeat it with -Dpageflip.fuzz.seed=" + seed, e);
        }
    }

    private void session(Random random) throws Exception {
        DamagedSession.Kind kind = pick(random);
        RecordedSession honest = recorded(kind);
        RecordedSession other = recorded(pick(random));
        sessions++;
        if (random.nextInt(SOURCE_SHARE) == 0) {
            answer(kind, damaged(honest.answers(), other.answers(), random), random);
            return;
        }
        List<byte[]> session = damaged(honest.stream(), other.stream(), random);
        FutureTask<RunResult> destination = agents.destination(REQUEST);
        try (FakeSource source = source(kind)) {
            byte[] greeting = MessageCodec.encode(as(source.honestHello(kind.mechanism()), kind));
            source.greet(random.nextInt(8) == 0 ? DamagedSession.flipped(greeting, random) : greeting);
            speak(source, session, random);
            boolean completed = completes(destination);
            assertThat(source.epoch() == 2)
                    .as("the destination owns the guest if it took it")
                    .isEqualTo(completed);
            taken += completed ? 1 : 0;
        }
    }

    private static List<byte[]> damaged(List<byte[]> honest, List<byte[]> other, Random random) {
        List<byte[]> session = new ArrayList<>(honest);
        if (random.nextInt(16) != 0) {
            DamagedSession.damage(session, other, random);
        }
        return session;
    }

    /** A real source hears the answers of a destination, which takes the guest or not, and dies. */
    private void answer(DamagedSession.Kind kind, List<byte[]> answers, Random random) throws Exception {
        MigrationRequest request = builder(kind).switchoverTimeoutS(LIMIT_S).build();
        FutureTask<RunResult> source = agents.source(request);
        try (FakeDestination destination = new FakeDestination(agents.listener())) {
            RunToken token = destination.token();
            token.page().setRoundsReceived(random.nextInt(8) == 0 ? random.nextInt() : 1000);
            if (random.nextInt(8) != 0) {
                destination.readUntil(FrameType.PREPARE);
            }
            destination.drain();
            int takes = random.nextInt(1, 3); // honest is: after READY, which is the first answer
            for (int i = 0; i < answers.size(); i++) {
                if (i == takes && random.nextBoolean()) {
                    takeIfReleased(destination, source);
                }
                destination.sayRaw(answers.get(i));
                frames++;
            }
            destination.die();
            if (token.isLocked()) {
                token.release(); // as the kernel does
            }
            RunResult result = TwoAgents.join(source);
            if (token.ownEpoch() == 2) {
                taken++;
                assertThat(result.status()).isIn(MigrationStatus.COMPLETED, MigrationStatus.LOST);
            } else {
                assertThat(result.owner()).as("%s", result.error()).isEqualTo(Owner.SOURCE);
                assertThat(result.verification().status()).isEqualTo(VerificationResult.Status.MATCH);
            }
        }
    }

    /** Takes the guest as soon as the source has released it, unless that has ended or keeps it. */
    private static void takeIfReleased(FakeDestination destination, FutureTask<RunResult> source) throws IOException {
        long untilNs = System.nanoTime() + READY_MS * 1_000_000L;
        while (!source.isDone() && System.nanoTime() < untilNs) {
            // The lock of a source that has ended is free, too, but there is no state.
            if (destination.token().page().isSaved(1) && destination.token().tryLock()) {
                try {
                    destination.take();
                } catch (IOException e) {
                    destination.token().release(); // the source has taken the guest back
                }
                return;
            }
            LockSupport.parkNanos(100_000);
        }
    }

    private static DamagedSession.Kind pick(Random random) {
        return KINDS.get(random.nextInt(KINDS.size()));
    }

    /** Writes the session, gives the guest away or not, and dies. Stops when the destination has had enough. */
    private void speak(FakeSource source, List<byte[]> session, Random random) throws IOException {
        try {
            for (byte[] frame : session) {
                source.bytes(frame);
                frames++;
            }
            source.control().poll(READY_MS); // an honest source waits for READY
            switch (random.nextInt(4)) {
                case 0 -> source.control().send(new Message.Resumed(random.nextInt(4)));
                case 1 -> source.switchOut(random.nextInt(TOKEN_BYTES / 8) * 8, random.nextLong());
                default -> source.switchOut(0);
            }
        } catch (IOException e) {
            // The destination has closed the stream: it has refused the session.
        }
        source.die();
    }

    /** Whether the destination took the guest; if not, it has said why. */
    private static boolean completes(FutureTask<RunResult> destination) throws Exception {
        try {
            RunResult result = TwoAgents.join(destination);
            return result.status() == MigrationStatus.COMPLETED || result.status() == MigrationStatus.LOST;
        } catch (ExecutionException e) {
            assertThat(e.getCause()).isInstanceOf(IOException.class);
            return false;
        }
    }
}
