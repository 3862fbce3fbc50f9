package io.pageflip.os;

import io.pageflip.memory.BasePage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.concurrent.atomic.LongAdder;

/**
 * Answers the kernel's requests for a FUSE file system that has one file, whose bytes are those of a {@link DiskFile}.
 * A READ is answered by splice(2): the header as a pipe buffer of its own, then the file's pages out of the page cache,
 * and all of it from the pipe into the device with {@code SPLICE_F_MOVE}. The kernel takes each clean page that nobody
 * maps out of the disk file's page cache, and puts the same frame into the page cache of the FUSE file (seed 001;
 * fs/fuse/dev.c, {@code fuse_try_move_folio}). It silently copies the others.
 *
 * <p>One thread serves; other threads may call {@link #admitReads} and read the counts.
 */
public final class FuseServer implements AutoCloseable {
    private static final int SPLICE_F_MOVE = 1;
    /** {@code FUSE_MIN_READ_BUFFER} is 8 KiB; the largest request, a write of a page, is smaller. */
    private static final int REQUEST_BYTES = 2 * BasePage.BYTES;

    private static final int REPLY_BYTES = 256;

    private final FuseMount mount;
    private final DiskFile file;
    private final FuseMessages.Node root;
    private final FuseMessages.Node node;
    private final int flags;
    private final Syscalls sys = Syscalls.LINUX;
    private final NativeBuffer request = NativeBuffer.allocate(REQUEST_BYTES);
    private final NativeBuffer reply = NativeBuffer.allocate(REPLY_BYTES);
    private final NativeBuffer offset = NativeBuffer.allocate(Long.BYTES);
    private final LongAdder reads = new LongAdder();
    private final LongAdder splicedBytes = new LongAdder();
    private final Mapping spare;
    private Pipe pipe;
    private volatile boolean readsAdmitted;

    /**
     * Makes a server of {@code file}, under the file's name.
     *
     * @param mount the file system; its owner still has to close it, and the file
     * @param move whether pages may be moved: {@code SPLICE_F_MOVE}
     */
    public FuseServer(FuseMount mount, DiskFile file, boolean move) throws SyscallException {
        this.mount = mount;
        this.file = file;
        this.flags = move ? SPLICE_F_MOVE : 0;
        long inode = file.fd().inode();
        int uid = sys.getuid();
        this.root =
                new FuseMessages.Node(FuseMessages.ROOT_ID, FuseMessages.ROOT_ID, 0, FuseMessages.S_IFDIR | 0500, uid);
        this.node =
                new FuseMessages.Node(FuseMessages.ROOT_ID + 1, inode, file.length(), FuseMessages.S_IFREG | 0600, uid);
        this.pipe = Pipe.create();
        try {
            this.spare = Mapping.anonymous("FUSE server", BasePage.BYTES);
        } catch (SyscallException e) {
            pipe.close();
            throw e;
        }
    }

    /**
     * Allows reads of the file. Its pages must be clean by now, and mapped nowhere. Before this call, every READ fails.
     */
    public void admitReads() {
        readsAdmitted = true;
    }

    /** READ requests answered. Each is counted before its answer arrives. */
    public long reads() {
        return reads.sum();
    }

    /** Pages that went through the pipe. */
    public long splicedPages() {
        return splicedBytes.sum() / BasePage.BYTES;
    }

    /**
     * Answers a request, if one comes within {@code timeoutMs}.
     *
     * @return false if no request can come any more: the file system is gone
     * @throws HostLacksException if the kernel speaks too old a version of the protocol
     */
    public boolean serve(int timeoutMs) throws IOException {
        if (!mount.device().awaitReadable(timeoutMs)) {
            return true;
        }
        long length = mount.device().read(request, 0, request.length());
        if (length == -Errno.EAGAIN || length == -Errno.ENOENT) {
            return true; // the process that asked has given up meanwhile
        }
        if (length == -Errno.ENODEV || length == -Errno.ECONNABORTED) {
            return false;
        }
        SyscallException.check(length, "read of /dev/fuse");
        if (length < FuseMessages.SIZEOF_IN_HEADER) {
            throw new IOException("a FUSE request of " + length + " bytes");
        }
        return answer((int) length);
    }

    private boolean answer(int length) throws IOException {
        ByteBuffer in = request.bytes();
        ByteBuffer out = reply.bytes();
        long unique = in.getLong(FuseMessages.IN_UNIQUE);
        long nodeId = in.getLong(FuseMessages.IN_NODEID);
        return switch (in.getInt(FuseMessages.IN_OPCODE)) {
            case FuseMessages.INIT -> send(init(in, out, unique));
            case FuseMessages.LOOKUP ->
                (nodeId == root.nodeId() && FuseMessages.name(in, length).equals(file.name()))
                        ? send(FuseMessages.putEntry(out, unique, node))
                        : refuse(unique, Errno.ENOENT);
            case FuseMessages.GETATTR ->
                send(FuseMessages.putAttributes(out, unique, nodeId == root.nodeId() ? root : node));
            case FuseMessages.OPEN -> send(FuseMessages.putOpen(out, unique));
            case FuseMessages.READ -> read(in, unique);
            case FuseMessages.STATFS -> send(FuseMessages.putStatfs(out, unique));
            case FuseMessages.RELEASE -> refuse(unique, 0);
            case FuseMessages.FORGET, FuseMessages.BATCH_FORGET -> true; // these have no reply
            case FuseMessages.DESTROY -> false;
            // Also FLUSH and INTERRUPT: this tells the kernel not to ask again.
            default -> refuse(unique, Errno.ENOSYS);
        };
    }

    private static int init(ByteBuffer in, ByteBuffer out, long unique) throws HostLacksException {
        int at = FuseMessages.SIZEOF_IN_HEADER;
        int major = in.getInt(at + FuseMessages.INIT_IN_MAJOR);
        int minor = in.getInt(at + FuseMessages.INIT_IN_MINOR);
        if (major != FuseMessages.MAJOR || minor < FuseMessages.LEAST_MINOR) {
            throw new HostLacksException("this kernel's FUSE speaks version " + major + "." + minor + "; "
                    + FuseMessages.MAJOR + "." + FuseMessages.LEAST_MINOR + " (Linux 5.16) is needed");
        }
        return FuseMessages.putInit(
                out,
                unique,
                in.getInt(at + FuseMessages.INIT_IN_MAX_READAHEAD),
                in.getInt(at + FuseMessages.INIT_IN_FLAGS));
    }

    private boolean refuse(long unique, int error) throws IOException {
        return send(FuseMessages.putHeader(reply.bytes(), unique, error, 0));
    }

    private boolean send(int length) throws IOException {
        return sent(mount.device().write(reply, 0, length), length);
    }

    /** Checks the result of sending a reply: false if the file system is gone. */
    private static boolean sent(long result, int length) throws IOException {
        if (result == -Errno.ENOENT) {
            return true; // the process that asked has given up
        }
        if (result == -Errno.ENODEV) {
            return false;
        }
        if (SyscallException.check(result, "reply to /dev/fuse") != length) {
            throw new IOException("/dev/fuse took " + result + " bytes of a reply of " + length);
        }
        return true;
    }

    private boolean read(ByteBuffer in, long unique) throws IOException {
        long from = in.getLong(FuseMessages.SIZEOF_IN_HEADER + FuseMessages.READ_OFFSET);
        long wanted = Integer.toUnsignedLong(in.getInt(FuseMessages.SIZEOF_IN_HEADER + FuseMessages.READ_SIZE));
        int bytes = (int) Math.max(0, Math.min(wanted, file.length() - from));
        if (!readsAdmitted) {
            return refuse(unique, Errno.EIO);
        }
        int length = FuseMessages.putHeader(reply.bytes(), unique, 0, bytes);
        if (!fillPipe(from, bytes)) {
            renewPipe();
            return refuse(unique, Errno.EIO);
        }
        // Counted before the answer: the reader may continue, and read the counts, before splice(2) has returned here.
        reads.increment();
        splicedBytes.add(bytes);
        long result = sys.splice(pipe.readEnd().number(), 0, mount.device().number(), length, flags);
        if (result != length) {
            reads.decrement();
            splicedBytes.add(-bytes);
            renewPipe();
        }
        return sent(result, length);
    }

    /**
     * Fills the pipe with the header, in a buffer of its own, and the file's pages, not copied. False if the disk
     * fails.
     */
    private boolean fillPipe(long from, int bytes) throws SyscallException {
        long header = pipe.writeEnd().write(reply, 0, FuseMessages.SIZEOF_OUT_HEADER);
        SyscallException.check(header, "write of a FUSE header to a pipe");
        offset.bytes().putLong(0, from);
        long left = bytes;
        while (left > 0) {
            long spliced = sys.splice(
                    file.fd().number(), offset.address(), pipe.writeEnd().number(), left, flags);
            if (spliced <= 0) {
                return false;
            }
            left -= spliced;
        }
        spare.drainPageLists(); // splicing marked the pages as accessed
        return true;
    }

    private void renewPipe() throws SyscallException {
        pipe.close();
        pipe = Pipe.create();
    }

    @Override
    public void close() {
        pipe.close();
        spare.close();
    }
}
