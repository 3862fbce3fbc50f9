package io.pageflip.postcopy;

import io.pageflip.memory.PageBitmap;
import io.pageflip.memory.PageRange;
import io.pageflip.os.FaultHandlerInC;
import io.pageflip.os.NanoClock;
import io.pageflip.os.Userfaultfd;
import io.pageflip.ram.Backing;
import io.pageflip.ram.BlockSpec;
import io.pageflip.ram.RamBlock;
import io.pageflip.request.PostcopySettings;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * What the touch of one page costs that is mapped only then: from before the touch to after it, by the thread that
 * touches, with nothing else running. {@code java} is the fault server of a postcopy without prefetch, {@code c} a
 * blocking handler compiled with gcc; the median of the first is to be at most twice that of the second.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.SampleTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class FaultBenchmark {
    private static final int PAGES = 1024;
    private static final int PAGE = 4096;
    private static final BlockSpec SPEC = new BlockSpec("ram", (long) PAGES * PAGE, Backing.MEMFD);

    /** Who serves the fault. */
    @Param({"c", "java"})
    public String handler;

    private Userfaultfd userfaultfd;
    private RamBlock block;
    private AutoCloseable server;
    private int page;

    @Setup(Level.Trial)
    public void open() throws Exception {
        userfaultfd = Userfaultfd.open(Userfaultfd.FEATURE_MINOR_SHMEM | Userfaultfd.FEATURE_THREAD_ID);
        block = RamBlock.create(SPEC);
        block.populate(new PageRange(0, PAGES));
        userfaultfd.registerMinor(block.mapping());
        if (handler.equals("c")) {
            server = new FaultHandlerInC(userfaultfd, PAGE);
        } else {
            PageBitmap data = new PageBitmap(PAGES);
            data.add(0, PAGES);
            server = Postcopy.serve(
                    List.of(FlipMapper.pages(block, data, userfaultfd)),
                    userfaultfd,
                    List.of(),
                    new PostcopySettings(1, 64),
                    NanoClock.SYSTEM);
        }
    }

    @Setup(Level.Invocation)
    public void drop() throws Exception {
        page = (page + 1) % PAGES;
        block.mapping().dropEntries((long) page * PAGE, PAGE);
    }

    @TearDown(Level.Trial)
    public void close() throws Exception {
        server.close();
        userfaultfd.close();
        block.close();
    }

    @Benchmark
    public long touch() {
        return block.mapping().getLong((long) page * PAGE);
    }
}
