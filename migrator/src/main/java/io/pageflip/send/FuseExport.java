package io.pageflip.send;

import io.pageflip.metrics.FuseResult;
import io.pageflip.os.DiskFile;
import io.pageflip.os.Fd;
import io.pageflip.os.FuseMount;
import io.pageflip.os.FuseServer;
import io.pageflip.os.HostLacksException;
import io.pageflip.os.NanoClock;
import io.pageflip.os.Threads;
import io.pageflip.ram.RamBlock;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * Exports a RAM block that lies in a file on a disk as a file of a FUSE file system, and moves its pages into that
 * file. A thread of its own serves the file system. Used by the agent's one thread.
 *
 * <pre>
 *   guest RAM    file on a disk            pipe              FUSE file            destination
 *   [page] ----- page cache ----- splice ---------> splice - page cache ------ private mapping
 *     unmapped   clean, removed    header, pages    MOVE     the same frame     MADV_POPULATE_READ
 * </pre>
 *
 * <p>A page that has moved is no longer in the disk file's page cache. It is clean, so nothing is lost: if the guest
 * touches it here again, after a failed migration, the kernel reads it from the disk.
 *
 * <p>Only the serving thread closes the device. However that thread ends, requests fail from then on, and no reader
 * hangs. (One exception: if this process is killed in the microseconds in which one of its own threads waits for an
 * answer, in {@link #start}, it stays in the kernel until somebody writes to {@code /sys/fs/fuse/connections/N/abort}.)
 */
public final class FuseExport implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger("pageflip.fuse");
    private static final int SLICE_MS = 20;

    private final RamBlock block;
    private final DiskFile disk;
    private final NanoClock clock;
    private final FuseMount mount;
    private final FuseServer server;
    private final Thread thread;
    private final Fd file;
    private volatile boolean ending;
    private volatile @Nullable Throwable failure;
    private long runningNs;
    private long guestPausedNs;

    private FuseExport(RamBlock block, DiskFile disk, boolean move, NanoClock clock) throws IOException {
        this.block = block;
        this.disk = disk;
        this.clock = clock;
        this.mount = FuseMount.create();
        try {
            server = new FuseServer(mount, disk, move);
        } catch (IOException | RuntimeException e) {
            mount.close();
            throw e;
        }
        thread = new Thread(this::serve, "FUSE server of " + disk.name());
        thread.setDaemon(true);
        thread.start();
        try {
            file = mount.open(disk.name());
        } catch (IOException e) {
            end();
            Throwable cause = failure;
            if (cause instanceof HostLacksException lacks) {
                throw lacks;
            }
            throw cause == null ? e : new IOException("the FUSE server of " + disk.name() + " failed: " + cause, cause);
        }
    }

    /**
     * Starts to serve. No page can be read yet.
     *
     * @param move whether to ask the kernel to move pages; if not, it copies every page
     * @throws HostLacksException if this host or user has no FUSE, or its FUSE is too old
     */
    public static FuseExport start(RamBlock block, boolean move, NanoClock clock) throws IOException {
        DiskFile disk = block.disk();
        if (disk == null) {
            throw new IllegalArgumentException("RAM block " + block.spec().name() + " lies in no file on a disk");
        }
        return new FuseExport(block, disk, move, clock);
    }

    private void serve() {
        try {
            boolean more = true;
            while (more && !ending) {
                more = server.serve(SLICE_MS);
            }
        } catch (IOException | RuntimeException | Error e) {
            failure = e;
            LOG.log(System.Logger.Level.DEBUG, "the FUSE server of " + disk.name() + " failed", e);
        } finally {
            mount.closeDevice();
            server.close();
        }
    }

    /** The FUSE file, to be passed to the destination. This object still owns it. */
    public Fd file() {
        return file;
    }

    /** Writes dirty pages back while the guest may run, so that fewer are left when it is paused. */
    public void writeBack() throws IOException {
        long startNs = clock.nanoTime();
        disk.writeBack();
        runningNs += clock.nanoTime() - startNs;
    }

    /**
     * Releases all pages: unmaps them, writes them back, and lets the destination read them. The guest must be paused,
     * and must not touch them from now on.
     */
    public void release() throws IOException {
        long startNs = clock.nanoTime();
        block.mapping().dropEntries(0, block.spec().mappedBytes());
        disk.writeBack(); // not before: maybe only a page table entry knows of a write
        guestPausedNs += clock.nanoTime() - startNs;
        server.admitReads();
    }

    /** The figures so far. */
    public FuseResult figures() {
        return new FuseResult(runningNs, guestPausedNs, server.reads(), server.splicedPages());
    }

    /**
     * Stops serving. A file that the destination has mapped stays mapped, with every page that it holds. A second call
     * does nothing.
     */
    @Override
    public void close() {
        file.close(); // while the server can still answer the kernel
        end();
    }

    private void end() {
        ending = true;
        Threads.join(thread);
        mount.close();
    }
}
