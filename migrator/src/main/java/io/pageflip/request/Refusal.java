package io.pageflip.request;

/**
 * The reason why a request is not carried out.
 *
 * @param sentence names the option, its value, and what would be right; for a person
 */
public record Refusal(Kind kind, String sentence) {
    /** The kinds of refusal. */
    public enum Kind {
        /** A value is wrong, whatever else is asked for. */
        VALUE,
        /** Each value may be right, but they do not go together: a comparison goes on with its other combinations. */
        COMBINATION
    }

    static Refusal value(String sentence) {
        return new Refusal(Kind.VALUE, sentence);
    }

    static Refusal combination(String sentence) {
        return new Refusal(Kind.COMBINATION, sentence);
    }
}
