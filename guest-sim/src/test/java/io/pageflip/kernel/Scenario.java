package io.pageflip.kernel;

/** One random case, which follows from its seed. Its {@code toString} tells all of it. */
interface Scenario {
    /** Runs it, and fails if something does not hold. What occurred is added to {@code seen}. */
    void run(Seen seen);
}
