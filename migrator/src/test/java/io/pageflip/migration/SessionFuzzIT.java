package io.pageflip.migration;

import static org.assertj.core.api.Assertions.assertThat;

import io.pageflip.guest.GuestConfig;
import io.pageflip.guest.Workload;
import io.pageflip.metrics.MigrationStatus;
import io.pageflip.metrics.RunResult;
import io.pageflip.ram.Backing;
import io.pageflip.request.MigrationRequest;
import io.pageflip.request.RequestBuilder;
import io.pageflip.request.WarmUpLength;
import io.pageflip.source.FakeSource;
import io.pageflip.wire.Message;
import io.pageflip.wire.MessageCodec;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * A destination hears damaged sessions of every schedule. It refuses each, or takes the guest; it never hangs, never
 * fails in a way that nobody foresaw, and leaves nothing open.
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
    private static final long NS_PER_S = 1_000_000_000;
    private static final int TOKEN_BYTES = 2 * 4096;
    private static final int READY_MS = 500;

    @RegisterExtension
    final TwoAgents agents = new TwoAgents();

    private long frames;
    private long sessions;
    private long taken;

    static Stream<DamagedSession.Kind> kinds() {
        return DamagedSession.KINDS.stream();
    }

    /** Otherwise the damage would prove little. */
    @ParameterizedTest
    @MethodSource("kinds")
    void anUndamagedSessionIsAccepted(DamagedSession.Kind kind) throws Exception {
        FutureTask<RunResult> destination = agents.destination(REQUEST);
        try (FakeSource source = new FakeSource(agents.path(), GUEST)) {
            source.greet(kind.mechanism(), hello -> as(hello, kind));
            for (byte[] frame : DamagedSession.honest(kind, source, new Random(1))) {
                source.bytes(frame);
            }
            Message said = source.heard();
            assertThat(said).as("%s", said).isInstanceOf(Message.Ready.class);
            source.switchOut(0);
            assertThat(TwoAgents.join(destination).status()).isEqualTo(MigrationStatus.COMPLETED);
            assertThat(source.epoch()).isEqualTo(2);
        }
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
        long untilNs = System.nanoTime() + Long.getLong("pageflip.fuzz.seconds", 5L) * NS_PER_S;
        Random seeds = new Random();
        run(seeds.nextLong()); // loads classes, and what they keep open
        long open = openDescriptors();
        while (System.nanoTime() < untilNs) {
            run(seeds.nextLong());
        }
        assertThat(openDescriptors()).as("open descriptors").isLessThanOrEqualTo(open);
        System.out.printf(
                "%d damaged sessions, %d frames; %d guests were taken all the same%n", sessions, frames, taken);
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
        FutureTask<RunResult> destination = agents.destination(REQUEST);
        try (FakeSource source = new FakeSource(agents.path(), GUEST)) {
            List<byte[]> session = DamagedSession.honest(kind, source, random);
            if (random.nextInt(16) != 0) {
                DamagedSession.damage(session, DamagedSession.honest(pick(random), source, random), random);
            }
            sessions++;
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

    private static DamagedSession.Kind pick(Random random) {
        return DamagedSession.KINDS.get(random.nextInt(DamagedSession.KINDS.size()));
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
