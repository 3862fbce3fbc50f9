package io.pageflip.source;

import java.io.IOException;

/** A precopy has run out of rounds or time, and the user wanted the guest to stay then. */
final class NotConvergedException extends IOException {
    private static final long serialVersionUID = 1L;

    NotConvergedException(String message) {
        super(message);
    }
}
