package io.pageflip.wire;

/**
 * The types of frame, each with the maximum length of its body, which the reader checks before it allocates anything.
 */
public enum FrameType {
    /** A {@link Message.Hello}: the first frame of all. */
    HELLO(1, 4096),
    /** Records: pages that hold data and will be copied; the destination makes room for them. */
    EXPECT(2, FrameType.RECORDS_BYTES),
    /**
     * Empty: the source has announced everything. A destination that has read this, and done all before it, is ready.
     */
    PREPARE(3, 0),
    /** Records: pages that the source has given up, and the destination moves. */
    GIFT(4, FrameType.RECORDS_BYTES),
    /** One record and the bytes of its pages, which follow the record in the stream. */
    BYTES(5, FrameType.RECORD_BYTES),
    /** One record, whose pages are vmspliced into the page pipe next. */
    SPLICE(6, FrameType.RECORD_BYTES),
    /** Records: pages that the destination reads out of the source's memory. */
    PULL(7, FrameType.RECORDS_BYTES),
    /** Records: pages that are all zeros. */
    ZERO(8, FrameType.RECORDS_BYTES),
    /** Records: pages that hold data, which the guest may still be writing; the destination maps them already. */
    MAP(9, FrameType.RECORDS_BYTES),
    /** A {@link Message.End}. */
    END(10, 4096),
    /** A {@link Message.Cancel}, on the control connection. */
    CANCEL(11, 2048),
    /** A {@link Message.Ready}. */
    READY(12, 64),
    /** A {@link Message.Resumed}. */
    RESUMED(13, 64),
    /** A {@link Message.Completed}. */
    COMPLETED(14, 1 << 20),
    /** A {@link Message.Failed}. */
    FAILED(15, 2048),
    /**
     * Empty: a precopy round ends here; the destination answers in the {@link io.pageflip.switchover.SwitchoverPage}.
     */
    ROUND(16, 0),
    /** Records: pages that the destination reads out of the source's FUSE file, by touching its mapping of it. */
    FUSE(17, FrameType.RECORDS_BYTES),
    /** Records: postcopy pages, which the destination reads out of the source's memory after the switchover. */
    POSTCOPY(18, FrameType.RECORDS_BYTES),
    /** A {@link Message.Recover}, the first frame of a new control connection after the old one broke. */
    RECOVER(19, 64);

    /** The length of a {@link PageRecord}. */
    static final int RECORD_BYTES = 16;

    /** Longest body of records, in bytes. Together with its header it fits into a page. */
    static final int RECORDS_BYTES = 255 * RECORD_BYTES;

    private final int code;
    private final int maxBody;

    FrameType(int code, int maxBody) {
        this.code = code;
        this.maxBody = maxBody;
    }

    /** Its number on the wire. */
    public int code() {
        return code;
    }

    /** The longest body, in bytes. */
    public int maxBody() {
        return maxBody;
    }

    /** Whether the body consists of {@link PageRecord}s. */
    public boolean carriesRecords() {
        return switch (this) {
            case EXPECT, MAP, GIFT, BYTES, SPLICE, PULL, ZERO, FUSE, POSTCOPY -> true;
            default -> false;
        };
    }

    /** Returns the type with this number, after it has checked the length of the body against the type's maximum. */
    static FrameType of(int code, long bodyLength) throws ProtocolException {
        for (FrameType type : values()) {
            if (type.code == code) {
                if (bodyLength < 0 || bodyLength > type.maxBody) {
                    throw new ProtocolException("a " + type + " frame of " + bodyLength + " bytes; at most "
                            + type.maxBody + " are allowed");
                }
                return type;
            }
        }
        throw new ProtocolException("frame of unknown type " + code);
    }
}
