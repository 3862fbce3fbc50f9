package io.pageflip.agent;

import java.io.IOException;

/** The guest is lost: nobody has it any more. The message says so, and why. */
public final class GuestLostException extends IOException {
    private static final long serialVersionUID = 1L;

    public GuestLostException(String why) {
        super("the guest is lost: " + why);
    }
}
