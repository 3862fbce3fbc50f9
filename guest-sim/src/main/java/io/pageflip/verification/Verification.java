package io.pageflip.verification;

/**
 * The result of comparing a paused guest with the content that it must have.
 *
 * @param pages 4 KiB pages compared, in all blocks
 * @param lost pages that read as zeros though they were written
 * @param stale pages with their own content of another generation
 * @param torn pages with a content that no page ever had
 * @param misplaced pages with the whole content of another page
 * @param vcpus whether registers and the guest information page agree
 * @param console whether every console line came out once, and in order
 * @param consoleLines lines that the guest has written
 */
public record Verification(
        long pages,
        long lost,
        long stale,
        long torn,
        long misplaced,
        boolean vcpus,
        boolean console,
        long consoleLines) {
    /** Whether everything is as it must be. */
    public boolean matches() {
        return lost + stale + torn + misplaced == 0 && vcpus && console;
    }
}
