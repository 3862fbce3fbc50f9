package io.pageflip.request;

/** The kinds of channel that the migration stream can go through. */
public enum ChannelKind {
    UNIX("unix"),
    PIPE("pipe");

    private final String label;

    ChannelKind(String label) {
        this.label = label;
    }

    /** As options and reports write it. */
    @Override
    public String toString() {
        return label;
    }
}
