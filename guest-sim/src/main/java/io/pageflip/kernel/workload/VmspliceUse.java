package io.pageflip.kernel.workload;

/**
 * How vmsplice(2) is used.
 *
 * @param gifts whether the writer gives its pages away
 * @param moves whether the reader asks for moves
 * @param sharedMemory whether the writer's pages are those of a memfd, and not private
 */
public record VmspliceUse(boolean gifts, boolean moves, boolean sharedMemory) {
    /** The writer gives private memory away, and the reader asks for moves. */
    public static final VmspliceUse USUAL = new VmspliceUse(true, true, false);
}
