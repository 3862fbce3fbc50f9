package io.pageflip.receive;

import io.pageflip.channel.InactivityTimeout;
import io.pageflip.channel.StreamReader;
import io.pageflip.channel.StreamWriter;
import io.pageflip.ledger.PageLedger;
import io.pageflip.memory.PageRange;
import io.pageflip.os.Fd;
import io.pageflip.os.MemFd;
import io.pageflip.os.NanoClock;
import io.pageflip.os.UnixSocket;
import io.pageflip.os.Userfaultfd;
import io.pageflip.ram.Backing;
import io.pageflip.ram.BlockSpec;
import io.pageflip.ram.RamBlock;
import io.pageflip.send.FlipSender;
import io.pageflip.send.RecordWriter;
import io.pageflip.wire.FrameType;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * The page loop: what one page costs at the source ({@code gift}), and at both sides together on one thread
 * ({@code giftAndMove}), records and socket included; without a frame a batch in {@code gift}, as in a migration, and
 * with one in {@code giftAndMove}. An operation is a page.
 *
 * <p>Between two invocations the source's page table is filled and the destination's emptied, outside the measured
 * time.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(1)
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 5, time = 1)
public class PageLoopBenchmark {
    private static final int PAGES = 64 << 20 >> 12;
    private static final BlockSpec SPEC = new BlockSpec("ram", (long) PAGES << 12, Backing.MEMFD);

    /** Pages that one system call moves. */
    @Param({"1", "64", "512"})
    public int batch;

    private Userfaultfd sourceFaults;
    private Userfaultfd destinationFaults;
    private RamBlock source;
    private RamBlock destination;
    private StreamWriter writer;
    private StreamReader reader;
    private RecordWriter records;
    private FlipSender sender;

    @Setup(Level.Trial)
    public void open() throws IOException {
        source = RamBlock.create(SPEC);
        source.populate(new PageRange(0, PAGES));
        destination =
                RamBlock.attach(SPEC, MemFd.adopt(source.requireFile().fd().duplicate(), "ram", SPEC.mappedBytes()));
        destinationFaults = Userfaultfd.open(Userfaultfd.FEATURE_MINOR_SHMEM);
        destinationFaults.registerMinor(destination.mapping());
        List<Fd> pair = UnixSocket.pair();
        InactivityTimeout patience = new InactivityTimeout(NanoClock.SYSTEM, () -> {});
        writer = new StreamWriter(pair.get(0), pair.get(0), patience);
        reader = new StreamReader(pair.get(1), pair.get(1), false, patience);
        records = new RecordWriter(writer);
        sender = new FlipSender(records);
    }

    @Setup(Level.Invocation)
    public void giveBack() throws IOException {
        if (sourceFaults != null) {
            sourceFaults.close();
        }
        source.populate(new PageRange(0, PAGES));
        sourceFaults = Userfaultfd.open(Userfaultfd.FEATURE_MINOR_SHMEM);
        sourceFaults.registerMinor(source.mapping());
        destination.mapping().dropEntries(0, SPEC.mappedBytes());
    }

    @TearDown(Level.Trial)
    public void close() {
        sourceFaults.close();
        destinationFaults.close();
        writer.close();
        reader.close();
        destination.close();
        source.close();
    }

    /** The source's half, and a reader that throws the records away. */
    @Benchmark
    @OperationsPerInvocation(PAGES)
    public long gift() throws IOException {
        long written = writer.transferredBytes();
        for (int first = 0; first < PAGES; first += batch) {
            sender.send(0, source, new PageRange(first, batch));
            if (writer.transferredBytes() > written) { // a frame was full
                written = writer.transferredBytes();
                reader.next();
            }
        }
        records.flush();
        if (writer.transferredBytes() > written) {
            reader.next();
        }
        return written;
    }

    /** Both halves, one after the other, the pages counted as in a migration. */
    @Benchmark
    @OperationsPerInvocation(PAGES)
    public long giftAndMove() throws IOException {
        PageLedger ledger = new PageLedger(List.of(SPEC), false);
        FlipReceiver receiver = new FlipReceiver(List.of(destination), destinationFaults, ledger);
        for (int first = 0; first < PAGES; first += batch) {
            sender.send(0, source, new PageRange(first, batch));
            records.flush();
            if (reader.next().type() != FrameType.GIFT) {
                throw new IllegalStateException("another frame than the one that was written");
            }
            receiver.receive(0, new PageRange(first, batch), null);
        }
        if (ledger.moved(0).cardinality() != PAGES) {
            throw new IllegalStateException("a page was not moved: this would measure something else");
        }
        return ledger.counts(0).moved();
    }
}
