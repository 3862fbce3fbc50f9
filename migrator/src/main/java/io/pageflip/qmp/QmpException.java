package io.pageflip.qmp;

import java.io.IOException;

/** The answer to a command is an error. */
public final class QmpException extends IOException {
    private static final long serialVersionUID = 1;

    private final transient QmpError error;

    public QmpException(QmpError error) {
        super(error.description());
        this.error = error;
    }

    /** An error of the usual class. */
    public static QmpException generic(String description) {
        return new QmpException(new QmpError(QmpError.GENERIC, description));
    }

    public QmpError error() {
        return error;
    }
}
