package io.pageflip.receive;

import io.pageflip.ledger.PageLedger;
import io.pageflip.memory.PageBitmap;
import io.pageflip.metrics.CopyReason;
import io.pageflip.ram.Backing;
import io.pageflip.ram.BlockSpec;
import io.pageflip.wire.ProtocolException;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/**
 * What it costs to account for a page of a 1 GiB block, the block's share of an empty account included. An operation is
 * a page.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class CountersBenchmark {
    private static final int PAGES = 1 << 18;
    private static final List<BlockSpec> SPECS = List.of(new BlockSpec("ram", (long) PAGES << 12, Backing.MEMFD));

    /** Pages counted by one call. */
    @Param({"1", "64", "512"})
    public int batch;

    @Benchmark
    @OperationsPerInvocation(PAGES)
    public long moved() throws ProtocolException {
        PageLedger ledger = new PageLedger(SPECS, false);
        for (int first = 0; first < PAGES; first += batch) {
            ledger.moved(0, ledger.checkRange(0, first, batch));
        }
        return ledger.moved(0).cardinality();
    }

    @Benchmark
    @OperationsPerInvocation(PAGES)
    public long copied() throws ProtocolException {
        PageLedger ledger = new PageLedger(SPECS, false);
        for (int first = 0; first < PAGES; first += batch) {
            ledger.copied(0, ledger.checkRange(0, first, batch), CopyReason.MECHANISM_COPIES);
        }
        return ledger.counts(0).copied();
    }

    @Benchmark
    @OperationsPerInvocation(PAGES)
    public long bitmapAdd() {
        PageBitmap bitmap = new PageBitmap(PAGES);
        for (int first = 0; first < PAGES; first += batch) {
            bitmap.add(first, batch);
        }
        return bitmap.cardinality();
    }
}
