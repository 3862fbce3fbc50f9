package io.pageflip.wire;

/** The kinds of frame, with the longest body each may have: checked before anything is allocated. */
public enum FrameType {
    /** A {@link Message.Hello}: the first frame of all. */
    HELLO(1, 4096),
    /** Records: pages that hold data and will be copied; the destination makes room for them. */
    EXPECT(2, FrameType.RECORDS_BYTES),
    /** Empty: everything is announced; whoever has read this is ready. */
    PREPARE(3, 0),
    /** Records: pages that the source has given up, and the destination moves. */
    GIFT(4, FrameType.RECORDS_BYTES),
    /** One record and the bytes of its pages, which follow the record in the stream. */
    BYTES(5, FrameType.RECORD_BYTES),
    /** One record, whose pages are vmspliced into the pipe next. */
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
     * Empty: a precopy round has ended; the destination says so in the {@link io.pageflip.switchover.SwitchoverPage}.
     */
    ROUND(16, 0),
    /** Records: pages that the destination reads out of the source's FUSE file, by touching its mapping of it. */
    FUSE(17, FrameType.RECORDS_BYTES),
    /** Records: postcopy pages, which the destination reads out of the source's memory after the switchover. */
    POSTCOPY(18, FrameType.RECORDS_BYTES),
    /** A {@link Message.Recover}, the first frame of a connection that follows one that broke. */
    RECOVER(19, 64);

    /** The length of a {@link PageRecord}. */
    static final int RECORD_BYTES = 16;

    /** A frame of records fits into a page together with its header. */
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

    /** Whether the body is {@link PageRecord}s. */
    public boolean carriesRecords() {
        return switch (this) {
            case EXPECT, MAP, GIFT, BYTES, SPLICE, PULL, ZERO, FUSE, POSTCOPY -> true;
            default -> false;
        };
    }

    /** The type with that number, checked against the length of a body of it. */
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
