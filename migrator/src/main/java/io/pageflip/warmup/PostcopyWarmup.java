package io.pageflip.warmup;

import io.pageflip.memory.PageBitmap;
import io.pageflip.memory.PageRange;
import io.pageflip.os.NanoClock;
import io.pageflip.os.Proc;
import io.pageflip.os.Userfaultfd;
import io.pageflip.postcopy.FlipMapper;
import io.pageflip.postcopy.Postcopy;
import io.pageflip.postcopy.PostcopyPages;
import io.pageflip.postcopy.PullMapper;
import io.pageflip.postcopy.SourceGate;
import io.pageflip.postcopy.SourcePages;
import io.pageflip.ram.Backing;
import io.pageflip.ram.BlockSpec;
import io.pageflip.ram.RamBlock;
import io.pageflip.request.PostcopySettings;
import java.io.IOException;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.locks.LockSupport;

/** Serves faults of half of the pages of scratch memory, and moves the other half in the background. */
final class PostcopyWarmup {
    private static final long POLL_NS = 50_000;

    private PostcopyWarmup() {}

    /** @param touches how many pages this thread touches, first with a prefetch of one page, then with one of two */
    static void flips(int touches, NanoClock clock) throws IOException {
        BlockSpec spec = scratch(touches);
        PageBitmap data = new PageBitmap(spec.pages());
        data.add(0, spec.pages());
        try (Userfaultfd userfaultfd = Userfaultfd.open(Userfaultfd.FEATURE_MINOR_SHMEM);
                RamBlock block = RamBlock.create(spec)) {
            block.populate(new PageRange(0, spec.pages()));
            userfaultfd.registerMinor(block.mapping());
            for (int prefetch = 1; prefetch <= 2; prefetch++) {
                block.mapping().dropEntries(0, block.mapping().length());
                List<PostcopyPages> pages = List.of(FlipMapper.pages(block, data, userfaultfd));
                try (Postcopy postcopy = Postcopy.serve(pages, userfaultfd, List.of(), window(prefetch), clock)) {
                    touch(block, touches);
                    postcopy.start(() -> {});
                    postcopy.finish();
                }
                userfaultfd.registerMinor(block.mapping());
            }
        }
    }

    /** As {@link #flips}, but by pulls out of a block of this process. */
    static void pulls(int touches, NanoClock clock) throws IOException {
        BlockSpec spec = scratch(touches);
        try (RamBlock there = RamBlock.create(spec);
                SourcePages source = new SourcePages(
                        Proc.pid(),
                        List.of(there.mapping().address()),
                        Collections.singletonList(there.file()),
                        new SourceGate(() -> true))) {
            for (long page = 0; page < spec.pages(); page += 2) {
                there.mapping().setLong(page * spec.pageBytes(), page + 1);
            }
            for (int prefetch = 1; prefetch <= 2; prefetch++) {
                PageBitmap late = new PageBitmap(spec.pages());
                late.add(0, spec.pages());
                try (RamBlock here = RamBlock.create(spec);
                        Userfaultfd userfaultfd = PullMapper.openUserfaultfd()) {
                    pull(here, PullMapper.register(here, 0, late, userfaultfd, source), userfaultfd, prefetch, clock);
                }
            }
        }
    }

    private static void pull(
            RamBlock block, PostcopyPages pages, Userfaultfd userfaultfd, int prefetch, NanoClock clock)
            throws IOException {
        try (Postcopy postcopy = Postcopy.serve(List.of(pages), userfaultfd, List.of(), window(prefetch), clock)) {
            touch(block, block.spec().pages() / 2);
            postcopy.start(() -> {});
            while (!postcopy.isDone()) {
                LockSupport.parkNanos(POLL_NS);
            }
            postcopy.finish();
        }
    }

    private static BlockSpec scratch(int touches) {
        return new BlockSpec("postcopy", 2L * touches * Backing.MEMFD.pageBytes(), Backing.MEMFD);
    }

    private static PostcopySettings window(int pages) {
        return new PostcopySettings(pages, 1);
    }

    private static void touch(RamBlock block, long pages) {
        for (long page = 0; page < pages; page++) {
            block.mapping().getLong(page * block.spec().pageBytes());
        }
    }
}
