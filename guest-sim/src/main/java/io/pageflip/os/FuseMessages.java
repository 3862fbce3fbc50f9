package io.pageflip.os;

import io.pageflip.memory.BasePage;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/**
 * The layout of the requests and replies of the FUSE protocol (include/uapi/linux/fuse.h, version 7.36) that a file
 * system with one file needs. Works in place on little-endian buffers; no I/O, no state.
 *
 * <pre>
 *   request: fuse_in_header (40 bytes), then the operation's struct, or a name with a NUL behind it
 *   reply:   fuse_out_header (16 bytes), then the operation's struct, or a file's bytes
 * </pre>
 */
final class FuseMessages {
    static final int MAJOR = 7;
    static final int MINOR = 36;
    /** The first version with {@link #FOPEN_NOFLUSH}: Linux 5.16. */
    static final int LEAST_MINOR = 35;

    static final int LOOKUP = 1;
    static final int FORGET = 2;
    static final int GETATTR = 3;
    static final int OPEN = 14;
    static final int READ = 15;
    static final int STATFS = 17;
    static final int RELEASE = 18;
    static final int FLUSH = 25;
    static final int INIT = 26;
    static final int INTERRUPT = 36;
    static final int DESTROY = 38;
    static final int BATCH_FORGET = 42;

    static final long ROOT_ID = 1;

    static final int ASYNC_READ = 1;
    static final int FOPEN_KEEP_CACHE = 1 << 1;
    static final int FOPEN_NOFLUSH = 1 << 5;

    static final int S_IFDIR = 0x4000;
    static final int S_IFREG = 0x8000;

    // struct fuse_in_header
    static final int SIZEOF_IN_HEADER = 40;
    static final int IN_LEN = 0;
    static final int IN_OPCODE = 4;
    static final int IN_UNIQUE = 8;
    static final int IN_NODEID = 16;

    // struct fuse_out_header
    static final int SIZEOF_OUT_HEADER = 16;
    static final int OUT_LEN = 0;
    static final int OUT_ERROR = 4;
    static final int OUT_UNIQUE = 8;

    // struct fuse_init_in, of which the first 16 bytes are in every version
    static final int INIT_IN_MAJOR = 0;
    static final int INIT_IN_MINOR = 4;
    static final int INIT_IN_MAX_READAHEAD = 8;
    static final int INIT_IN_FLAGS = 12;

    // struct fuse_init_out
    static final int SIZEOF_INIT_OUT = 64;
    static final int INIT_OUT_MAX_READAHEAD = 8;
    static final int INIT_OUT_FLAGS = 12;
    static final int INIT_OUT_MAX_BACKGROUND = 16;
    static final int INIT_OUT_CONGESTION_THRESHOLD = 18;
    static final int INIT_OUT_MAX_WRITE = 20;
    static final int INIT_OUT_TIME_GRAN = 24;

    // struct fuse_attr
    static final int SIZEOF_ATTR = 88;
    static final int ATTR_INO = 0;
    static final int ATTR_SIZE = 8;
    static final int ATTR_BLOCKS = 16;
    static final int ATTR_MODE = 60;
    static final int ATTR_NLINK = 64;
    static final int ATTR_UID = 68;
    static final int ATTR_BLKSIZE = 80;

    // struct fuse_entry_out: the fields before its fuse_attr
    static final int SIZEOF_ENTRY_OUT = 40 + SIZEOF_ATTR;
    static final int ENTRY_NODEID = 0;
    static final int ENTRY_ENTRY_VALID = 16;
    static final int ENTRY_ATTR_VALID = 24;
    static final int ENTRY_ATTR = 40;

    // struct fuse_attr_out
    static final int SIZEOF_ATTR_OUT = 16 + SIZEOF_ATTR;
    static final int ATTR_OUT_VALID = 0;
    static final int ATTR_OUT_ATTR = 16;

    // struct fuse_open_out
    static final int SIZEOF_OPEN_OUT = 16;
    static final int OPEN_OUT_FLAGS = 8;

    // struct fuse_kstatfs, which is all of struct fuse_statfs_out
    static final int SIZEOF_STATFS_OUT = 80;
    static final int STATFS_BSIZE = 40;
    static final int STATFS_NAMELEN = 44;
    static final int STATFS_FRSIZE = 48;

    // struct fuse_read_in
    static final int READ_OFFSET = 8;
    static final int READ_SIZE = 16;

    private static final int BLOCK = BasePage.BYTES;
    private static final int SECTOR = 512;
    private static final int LONGEST_NAME = 255;
    /** Seconds for which the kernel may cache a reply: nothing ever changes. */
    private static final long FOR_EVER = 1 << 30;

    private static final int MAX_BACKGROUND = 16;
    private static final int CONGESTION_THRESHOLD = 12;
    private static final int NANOSECOND = 1;

    private FuseMessages() {}

    /**
     * The attributes of a file or directory, for the kernel.
     *
     * @param nodeId the number by which the kernel's requests name it
     * @param inode as stat(2) shows it
     * @param mode kind and permissions
     */
    record Node(long nodeId, long inode, long size, int mode, int uid) {}

    /** The name that follows the header of a {@link #LOOKUP} of {@code length} bytes. */
    static String name(ByteBuffer request, int length) {
        byte[] bytes = new byte[Math.max(0, length - SIZEOF_IN_HEADER - 1)];
        request.get(SIZEOF_IN_HEADER, bytes);
        return new String(bytes, StandardCharsets.UTF_8);
    }

    /**
     * Writes a reply's header.
     *
     * @param body bytes that follow it
     * @param error a positive error number, or 0
     * @return bytes of the whole reply
     */
    static int putHeader(ByteBuffer reply, long unique, int error, int body) {
        int length = SIZEOF_OUT_HEADER + body;
        reply.putInt(OUT_LEN, length).putInt(OUT_ERROR, -error).putLong(OUT_UNIQUE, unique);
        return length;
    }

    /** The reply to {@link #INIT}, to a kernel that announced {@code maxReadahead} and {@code flags}. */
    static int putInit(ByteBuffer reply, long unique, int maxReadahead, int flags) {
        int at = beginBody(reply, SIZEOF_INIT_OUT);
        reply.putInt(at + INIT_IN_MAJOR, MAJOR)
                .putInt(at + INIT_IN_MINOR, MINOR)
                .putInt(at + INIT_OUT_MAX_READAHEAD, maxReadahead)
                .putInt(at + INIT_OUT_FLAGS, flags & ASYNC_READ)
                .putShort(at + INIT_OUT_MAX_BACKGROUND, (short) MAX_BACKGROUND)
                .putShort(at + INIT_OUT_CONGESTION_THRESHOLD, (short) CONGESTION_THRESHOLD)
                .putInt(at + INIT_OUT_MAX_WRITE, BLOCK)
                .putInt(at + INIT_OUT_TIME_GRAN, NANOSECOND);
        return putHeader(reply, unique, 0, SIZEOF_INIT_OUT);
    }

    /** The reply to a {@link #LOOKUP} that found {@code node}. */
    static int putEntry(ByteBuffer reply, long unique, Node node) {
        int at = beginBody(reply, SIZEOF_ENTRY_OUT);
        reply.putLong(at + ENTRY_NODEID, node.nodeId())
                .putLong(at + ENTRY_ENTRY_VALID, FOR_EVER)
                .putLong(at + ENTRY_ATTR_VALID, FOR_EVER);
        putAttr(reply, at + ENTRY_ATTR, node);
        return putHeader(reply, unique, 0, SIZEOF_ENTRY_OUT);
    }

    /** The reply to {@link #GETATTR}. */
    static int putAttributes(ByteBuffer reply, long unique, Node node) {
        int at = beginBody(reply, SIZEOF_ATTR_OUT);
        reply.putLong(at + ATTR_OUT_VALID, FOR_EVER);
        putAttr(reply, at + ATTR_OUT_ATTR, node);
        return putHeader(reply, unique, 0, SIZEOF_ATTR_OUT);
    }

    private static void putAttr(ByteBuffer reply, int at, Node node) {
        reply.putLong(at + ATTR_INO, node.inode())
                .putLong(at + ATTR_SIZE, node.size())
                .putLong(at + ATTR_BLOCKS, node.size() / SECTOR)
                .putInt(at + ATTR_MODE, node.mode())
                .putInt(at + ATTR_NLINK, 1)
                .putInt(at + ATTR_UID, node.uid())
                .putInt(at + ATTR_BLKSIZE, BLOCK);
    }

    /**
     * The reply to {@link #OPEN}: the file's pages stay cached, and the kernel sends no FLUSH when the file is closed.
     */
    static int putOpen(ByteBuffer reply, long unique) {
        int at = beginBody(reply, SIZEOF_OPEN_OUT);
        reply.putInt(at + OPEN_OUT_FLAGS, FOPEN_KEEP_CACHE | FOPEN_NOFLUSH);
        return putHeader(reply, unique, 0, SIZEOF_OPEN_OUT);
    }

    /** The reply to {@link #STATFS}: a full file system. */
    static int putStatfs(ByteBuffer reply, long unique) {
        int at = beginBody(reply, SIZEOF_STATFS_OUT);
        reply.putInt(at + STATFS_BSIZE, BLOCK)
                .putInt(at + STATFS_NAMELEN, LONGEST_NAME)
                .putInt(at + STATFS_FRSIZE, BLOCK);
        return putHeader(reply, unique, 0, SIZEOF_STATFS_OUT);
    }

    /** Clears the body, most of whose fields are zero. Returns where it begins. */
    private static int beginBody(ByteBuffer reply, int length) {
        for (int at = SIZEOF_OUT_HEADER; at < SIZEOF_OUT_HEADER + length; at += Long.BYTES) {
            reply.putLong(at, 0);
        }
        return SIZEOF_OUT_HEADER;
    }
}
