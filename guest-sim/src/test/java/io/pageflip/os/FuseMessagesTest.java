package io.pageflip.os;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** What is exchanged with the kernel, against include/uapi/linux/fuse.h of version 7.36. */
final class FuseMessagesTest {
    private static final Struct IN_HEADER = Struct.of(
            "u32 len, u32 opcode, u64 unique, u64 nodeid, u32 uid, u32 gid, u32 pid, u16 total_extlen, u16 padding");
    private static final Struct OUT_HEADER = Struct.of("u32 len, u32 error, u64 unique");
    private static final Struct INIT_IN = Struct.of("u32 major, u32 minor, u32 max_readahead, u32 flags");
    private static final Struct INIT_OUT = Struct.of("u32 major, u32 minor, u32 max_readahead, u32 flags, "
            + "u16 max_background, u16 congestion_threshold, u32 max_write, u32 time_gran, u16 max_pages, "
            + "u16 map_alignment, u32 flags2, u32 unused0, u32 unused1, u32 unused2, u32 unused3, u32 unused4, "
            + "u32 unused5, u32 unused6");
    private static final String ATTR_FIELDS = "u64 ino, u64 size, u64 blocks, u64 atime, u64 mtime, u64 ctime, "
            + "u32 atimensec, u32 mtimensec, u32 ctimensec, u32 mode, u32 nlink, u32 uid, u32 gid, u32 rdev, "
            + "u32 blksize, u32 flags";
    private static final Struct ATTR = Struct.of(ATTR_FIELDS);
    private static final Struct ENTRY_OUT = Struct.of("u64 nodeid, u64 generation, u64 entry_valid, u64 attr_valid, "
            + "u32 entry_valid_nsec, u32 attr_valid_nsec, " + ATTR_FIELDS);
    private static final Struct ATTR_OUT = Struct.of("u64 attr_valid, u32 attr_valid_nsec, u32 dummy, " + ATTR_FIELDS);
    private static final Struct OPEN_OUT = Struct.of("u64 fh, u32 open_flags, u32 padding");
    private static final Struct STATFS_OUT = Struct.of(
            "u64 blocks, u64 bfree, u64 bavail, u64 files, u64 ffree, u32 bsize, "
                    + "u32 namelen, u32 frsize, u32 padding, u32 spare0, u32 spare1, u32 spare2, u32 spare3, u32 spare4, u32 spare5");
    private static final Struct READ_IN =
            Struct.of("u64 fh, u64 offset, u32 size, u32 read_flags, u64 lock_owner, u32 flags, u32 padding");

    private final ByteBuffer buffer = ByteBuffer.allocate(256).order(ByteOrder.LITTLE_ENDIAN);

    /** A struct as the header declares it; no field of these is ever padded. */
    private record Struct(Map<String, Integer> offsets, int size) {
        static Struct of(String fields) {
            Map<String, Integer> offsets = new LinkedHashMap<>();
            int at = 0;
            for (String field : fields.split(", ", -1)) {
                int bytes = Integer.parseInt(field.substring(1, 3).trim()) / 8;
                assertThat(at % bytes).as("alignment of %s", field).isZero();
                offsets.put(field.substring(4), at);
                at += bytes;
            }
            return new Struct(offsets, at);
        }

        int at(String field) {
            return offsets.get(field);
        }
    }

    @Test
    void headersAreThoseOfTheKernel() {
        assertThat(FuseMessages.SIZEOF_IN_HEADER).isEqualTo(IN_HEADER.size()).isEqualTo(40);
        assertThat(FuseMessages.IN_LEN).isEqualTo(IN_HEADER.at("len"));
        assertThat(FuseMessages.IN_OPCODE).isEqualTo(IN_HEADER.at("opcode"));
        assertThat(FuseMessages.IN_UNIQUE).isEqualTo(IN_HEADER.at("unique"));
        assertThat(FuseMessages.IN_NODEID).isEqualTo(IN_HEADER.at("nodeid"));
        assertThat(FuseMessages.SIZEOF_OUT_HEADER).isEqualTo(OUT_HEADER.size()).isEqualTo(16);
        assertThat(FuseMessages.OUT_LEN).isEqualTo(OUT_HEADER.at("len"));
        assertThat(FuseMessages.OUT_ERROR).isEqualTo(OUT_HEADER.at("error"));
        assertThat(FuseMessages.OUT_UNIQUE).isEqualTo(OUT_HEADER.at("unique"));
    }

    @Test
    void structsOfInitAreThoseOfTheKernel() {
        assertThat(FuseMessages.INIT_IN_MAJOR).isEqualTo(INIT_IN.at("major"));
        assertThat(FuseMessages.INIT_IN_MINOR).isEqualTo(INIT_IN.at("minor"));
        assertThat(FuseMessages.INIT_IN_MAX_READAHEAD).isEqualTo(INIT_IN.at("max_readahead"));
        assertThat(FuseMessages.INIT_IN_FLAGS).isEqualTo(INIT_IN.at("flags"));
        assertThat(FuseMessages.SIZEOF_INIT_OUT).isEqualTo(INIT_OUT.size()).isEqualTo(64);
        assertThat(FuseMessages.INIT_OUT_MAX_READAHEAD).isEqualTo(INIT_OUT.at("max_readahead"));
        assertThat(FuseMessages.INIT_OUT_FLAGS).isEqualTo(INIT_OUT.at("flags"));
        assertThat(FuseMessages.INIT_OUT_MAX_BACKGROUND).isEqualTo(INIT_OUT.at("max_background"));
        assertThat(FuseMessages.INIT_OUT_CONGESTION_THRESHOLD).isEqualTo(INIT_OUT.at("congestion_threshold"));
        assertThat(FuseMessages.INIT_OUT_MAX_WRITE).isEqualTo(INIT_OUT.at("max_write"));
        assertThat(FuseMessages.INIT_OUT_TIME_GRAN).isEqualTo(INIT_OUT.at("time_gran"));
    }

    @Test
    void structsOfTheOthersAreThoseOfTheKernel() {
        assertThat(FuseMessages.SIZEOF_ATTR).isEqualTo(ATTR.size()).isEqualTo(88);
        assertThat(FuseMessages.ATTR_INO).isEqualTo(ATTR.at("ino"));
        assertThat(FuseMessages.ATTR_SIZE).isEqualTo(ATTR.at("size"));
        assertThat(FuseMessages.ATTR_BLOCKS).isEqualTo(ATTR.at("blocks"));
        assertThat(FuseMessages.ATTR_MODE).isEqualTo(ATTR.at("mode"));
        assertThat(FuseMessages.ATTR_NLINK).isEqualTo(ATTR.at("nlink"));
        assertThat(FuseMessages.ATTR_UID).isEqualTo(ATTR.at("uid"));
        assertThat(FuseMessages.ATTR_BLKSIZE).isEqualTo(ATTR.at("blksize"));
        assertThat(FuseMessages.SIZEOF_ENTRY_OUT).isEqualTo(ENTRY_OUT.size()).isEqualTo(128);
        assertThat(FuseMessages.ENTRY_NODEID).isEqualTo(ENTRY_OUT.at("nodeid"));
        assertThat(FuseMessages.ENTRY_ENTRY_VALID).isEqualTo(ENTRY_OUT.at("entry_valid"));
        assertThat(FuseMessages.ENTRY_ATTR_VALID).isEqualTo(ENTRY_OUT.at("attr_valid"));
        assertThat(FuseMessages.ENTRY_ATTR).isEqualTo(ENTRY_OUT.at("ino"));
        assertThat(FuseMessages.SIZEOF_ATTR_OUT).isEqualTo(ATTR_OUT.size()).isEqualTo(104);
        assertThat(FuseMessages.ATTR_OUT_VALID).isEqualTo(ATTR_OUT.at("attr_valid"));
        assertThat(FuseMessages.ATTR_OUT_ATTR).isEqualTo(ATTR_OUT.at("ino"));
        assertThat(FuseMessages.SIZEOF_OPEN_OUT).isEqualTo(OPEN_OUT.size()).isEqualTo(16);
        assertThat(FuseMessages.OPEN_OUT_FLAGS).isEqualTo(OPEN_OUT.at("open_flags"));
        assertThat(FuseMessages.SIZEOF_STATFS_OUT).isEqualTo(STATFS_OUT.size()).isEqualTo(80);
        assertThat(FuseMessages.STATFS_BSIZE).isEqualTo(STATFS_OUT.at("bsize"));
        assertThat(FuseMessages.STATFS_NAMELEN).isEqualTo(STATFS_OUT.at("namelen"));
        assertThat(FuseMessages.STATFS_FRSIZE).isEqualTo(STATFS_OUT.at("frsize"));
        assertThat(READ_IN.size()).isEqualTo(40);
        assertThat(FuseMessages.READ_OFFSET).isEqualTo(READ_IN.at("offset"));
        assertThat(FuseMessages.READ_SIZE).isEqualTo(READ_IN.at("size"));
    }

    @Test
    void errorIsAReplyOfAHeaderAlone() {
        int length = FuseMessages.putHeader(buffer, 0x1122334455667788L, Errno.ENOSYS, 0);

        assertThat(hex(length)).isEqualTo("10000000" + "daffffff" + "8877665544332211");
    }

    @Test
    void initIsAnsweredAsEver() {
        int length = FuseMessages.putInit(dirty(), 2, 0x20000, 0xffffffff);

        assertThat(hex(length))
                .isEqualTo("50000000" + "00000000" + "0200000000000000" // header
                        + "07000000" + "24000000" + "00000200" + "01000000" // 7.36, read-ahead, ASYNC_READ
                        + "1000" + "0c00" + "00100000" + "01000000" // background requests, largest write, time
                        + "00".repeat(36));
    }

    @Test
    void asynchronousReadsAreOnlyAnsweredWhereTheKernelOffersThem() {
        FuseMessages.putInit(buffer, 2, 0, 0xfffffffe);

        assertThat(buffer.getInt(FuseMessages.SIZEOF_OUT_HEADER + FuseMessages.INIT_OUT_FLAGS))
                .isZero();
    }

    @Test
    void lookupIsAnsweredAsEver() {
        FuseMessages.Node node = new FuseMessages.Node(2, 0x123, 0x4000, FuseMessages.S_IFREG | 0600, 5);

        int length = FuseMessages.putEntry(dirty(), 3, node);

        assertThat(hex(length))
                .isEqualTo("90000000" + "00000000" + "0300000000000000"
                        + "0200000000000000" + "0000000000000000" // node, generation
                        + "0000004000000000" + "0000004000000000" + "00000000" + "00000000" // valid for ever
                        + "2301000000000000" + "0040000000000000" + "2000000000000000" // inode, size, sectors
                        + "00".repeat(36) // times
                        + "80810000" + "01000000" + "05000000" + "00000000" + "00000000" // mode, links, owner
                        + "00100000" + "00000000");
    }

    @Test
    void attributesAreAnsweredAsEver() {
        FuseMessages.Node root = new FuseMessages.Node(1, 1, 0, FuseMessages.S_IFDIR | 0500, 0);

        int length = FuseMessages.putAttributes(dirty(), 4, root);

        assertThat(hex(length))
                .isEqualTo("78000000" + "00000000" + "0400000000000000"
                        + "0000004000000000" + "0000000000000000"
                        + "0100000000000000" + "00".repeat(52)
                        + "40410000" + "01000000" + "00".repeat(12) + "00100000" + "00000000");
    }

    @Test
    void openKeepsTheCacheAndFlushesNothing() {
        int length = FuseMessages.putOpen(dirty(), 5);

        assertThat(hex(length))
                .isEqualTo("20000000" + "00000000" + "0500000000000000" + "0000000000000000" + "22000000" + "00000000");
    }

    @Test
    void fileSystemIsFull() {
        int length = FuseMessages.putStatfs(dirty(), 6);

        assertThat(hex(length))
                .isEqualTo("60000000" + "00000000" + "0600000000000000" + "00".repeat(40) + "00100000" + "ff000000"
                        + "00100000" + "00".repeat(28));
    }

    @Test
    void nameOfALookupEndsBeforeItsNul() {
        byte[] name = "ram\0".getBytes(StandardCharsets.UTF_8);
        buffer.put(FuseMessages.SIZEOF_IN_HEADER, name);

        assertThat(FuseMessages.name(buffer, FuseMessages.SIZEOF_IN_HEADER + name.length))
                .isEqualTo("ram");
        assertThat(FuseMessages.name(buffer, FuseMessages.SIZEOF_IN_HEADER)).isEmpty();
    }

    /** A buffer in which an earlier message was. */
    private ByteBuffer dirty() {
        for (int i = 0; i < buffer.capacity(); i++) {
            buffer.put(i, (byte) 0xee);
        }
        return buffer;
    }

    private String hex(int length) {
        byte[] bytes = new byte[length];
        buffer.get(0, bytes);
        return HexFormat.of().formatHex(bytes);
    }
}
