package io.pageflip.qmp;

import java.io.IOException;

/** The peer answered a command with an error. */
public final class QmpException extends IOException {
    private static final long serialVersionUID = 1;

    private final transient QmpError error;

    public QmpException(QmpError error) {
        super(error.description());
        this.error = error;
    }

    public QmpError error() {
        return error;
    }
}
