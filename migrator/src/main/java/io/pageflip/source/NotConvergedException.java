package io.pageflip.source;

import java.io.IOException;

/** A precopy has run out of rounds or time, and the user asked that the guest stay at the source in that case. */
final class NotConvergedException extends IOException {
    private static final long serialVersionUID = 1L;

    NotConvergedException(String message) {
        super(message);
    }
}
