package io.pageflip.receive;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.awaitility.Awaitility.await;

import io.pageflip.channel.InactivityTimeout;
import io.pageflip.channel.StreamEnds;
import io.pageflip.channel.StreamWriter;
import io.pageflip.ledger.PageLedger;
import io.pageflip.memory.PageRange;
import io.pageflip.metrics.PageCounts;
import io.pageflip.os.NanoClock;
import io.pageflip.os.Userfaultfd;
import io.pageflip.ram.Backing;
import io.pageflip.ram.BlockSpec;
import io.pageflip.ram.RamBlock;
import io.pageflip.request.ChannelKind;
import io.pageflip.send.FlipSender;
import io.pageflip.send.RecordWriter;
import io.pageflip.testkit.Waiting;
import io.pageflip.wire.ProtocolException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What the kernel answers to a flip, provoked for real, and how a source takes its pages back. */
final class FlipIT {
    private static final int PAGE = 4096;

    /** Pages 3, 14, 25 and 36 are holes, as TestMemory makes them; the private block is another's business. */
    private static final List<BlockSpec> SPECS = List.of(
            TestMemory.spec("ram", 40 * PAGE, Backing.MEMFD), TestMemory.spec("rom", 4 * PAGE, Backing.ANONYMOUS));

    private RamBlock source;
    private RamBlock destination;
    private RamBlock rom;
    private Userfaultfd userfaultfd;
    private final PageLedger ledger = new PageLedger(SPECS, false);
    private FlipReceiver receiver;

    @BeforeEach
    void open() throws IOException {
        source = TestMemory.create(SPECS.get(0));
        destination = TestMemory.attach(source);
        rom = RamBlock.create(SPECS.get(1));
        userfaultfd = Userfaultfd.open(Userfaultfd.FEATURE_MINOR_SHMEM);
        receiver = new FlipReceiver(List.of(destination, rom), userfaultfd, ledger);
    }

    @AfterEach
    void close() {
        userfaultfd.close();
        rom.close();
        destination.close();
        source.close();
    }

    private void assertContentAtDestination() {
        userfaultfd.close();
        assertThat(TestMemory.firstDifference(destination)).isEqualTo(-1);
    }

    @Test
    void aPageThatTheDestinationHasTouchedIsAlreadyPresent() throws IOException {
        for (long page : new long[] {5, 9, 10}) { // written: a read would map its neighbours too (fault-around)
            destination.mapping().setLong(page * PAGE, TestMemory.word(SPECS.get(0), page * PAGE));
        }
        userfaultfd.registerMinor(destination.mapping());
        receiver.receive(0, new PageRange(4, 10), null);
        assertThat(ledger.counts(0)).isEqualTo(new PageCounts(40, 7, 0, 3, 0, Map.of(), Map.of("already-present", 3L)));
        assertThat(ledger.moved(0).get(9)).isFalse();
        assertThat(ledger.moved(0).get(11)).isTrue();
        assertContentAtDestination();
    }

    @Test
    void aRangeThatIsNotRegisteredHasNoMapping() throws IOException {
        receiver.receive(0, new PageRange(4, 4), null);
        assertThat(ledger.counts(0)).isEqualTo(new PageCounts(40, 0, 0, 4, 0, Map.of(), Map.of("no-mapping", 4L)));
        assertContentAtDestination();
    }

    @Test
    void aHoleThatWasGiftedIsTheSourcesMistake() throws IOException {
        userfaultfd.registerMinor(destination.mapping());
        assertThatExceptionOfType(ProtocolException.class)
                .isThrownBy(() -> receiver.receive(0, new PageRange(0, 8), null))
                .withMessage("page 3 of RAM block ram was gifted, and its memfd has no page there");
        assertThat(ledger.moved(0).cardinality()).isEqualTo(3);
    }

    @Test
    void privateMemoryThatWasGiftedIsTheSourcesMistake() {
        assertThatExceptionOfType(ProtocolException.class)
                .isThrownBy(() -> receiver.receive(1, new PageRange(0, 1), null))
                .withMessage("RAM block rom was gifted without a memfd");
    }

    @Test
    void aPageThatIsGiftedTwiceIsTheSourcesMistake() throws IOException {
        userfaultfd.registerMinor(destination.mapping());
        receiver.receive(0, new PageRange(4, 4), null);
        assertThatExceptionOfType(ProtocolException.class)
                .isThrownBy(() -> receiver.receive(0, new PageRange(7, 2), null))
                .withMessageEndingWith("of RAM block ram were sent twice");
    }

    /** The source's half: a gifted page traps at the source, and closing the userfaultfd takes it back. */
    @Test
    void aSourceTakesItsPagesBack() throws Exception {
        userfaultfd.registerMinor(source.mapping());
        try (StreamEnds stream = StreamEnds.open(ChannelKind.UNIX);
                StreamWriter writer = new StreamWriter(
                        stream.write(), stream.write(), new InactivityTimeout(NanoClock.SYSTEM, () -> {}))) {
            RecordWriter records = new RecordWriter(writer);
            FlipSender sender = new FlipSender(records);
            sender.send(0, source, new PageRange(4, 10));
            records.flush();
            assertThat(stream.read().unreadBytes())
                    .as("one frame with one record")
                    .isEqualTo(12 + 16);
        }
        FutureTask<Long> touch = new FutureTask<>(() -> source.mapping().getLong(7 * PAGE + 8));
        Thread toucher = new Thread(touch, "toucher");
        toucher.setDaemon(true);
        toucher.start();
        // Asleep in the kernel, and for as long as one cares to look: nobody serves the fault.
        await("the trap").atMost(Waiting.LIMIT).during(Duration.ofMillis(100)).until(() -> sleeps("toucher"));
        assertThat(touch.isDone()).isFalse();
        assertThat(source.mapping().getLong(20 * PAGE))
                .as("a page that was not gifted")
                .isNotZero();
        userfaultfd.close();
        assertThat(touch.get(Waiting.LIMIT_MS, TimeUnit.MILLISECONDS))
                .isEqualTo(TestMemory.word(SPECS.get(0), 7 * PAGE + 8));
        toucher.join();
        assertThat(TestMemory.firstDifference(source)).isEqualTo(-1);
    }

    /** Whether the thread of that name is in state S (interruptible sleep) inside a page fault: not in a futex. */
    private static boolean sleeps(String thread) {
        try (Stream<Path> tasks = Files.list(Path.of("/proc/self/task"))) {
            return tasks.anyMatch(task -> {
                String comm = read(task.resolve("comm")).strip();
                String state = read(task.resolve("stat")).replaceFirst("^.*\\) ", "");
                return comm.equals(thread) && (state.startsWith("S") || state.startsWith("D"));
            });
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (NoSuchFileException e) {
            return ""; // the thread has ended meanwhile
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
