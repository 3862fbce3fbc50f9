package io.pageflip.request;

import java.io.IOException;

/** An agent was asked for something that makes no sense. Its message is a sentence for a person. */
public final class RefusedException extends IOException {
    private static final long serialVersionUID = 1L;

    public RefusedException(String sentence) {
        super(sentence);
    }

    public RefusedException(String sentence, Throwable cause) {
        super(sentence, cause);
    }

    /** Carries the sentence of {@link RequestRules}. */
    public RefusedException(Refusal refusal) {
        super(refusal.sentence());
    }
}
