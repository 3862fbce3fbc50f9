package io.pageflip.ram;

import io.pageflip.memory.PageBitmap;
import java.io.IOException;

/**
 * Tracks which pages of a guest's blocks its vCPUs write. Made by {@code Guest.trackDirty}, and then on: every write
 * that began after that is seen.
 *
 * <p>Taking is atomic against running vCPUs: a write that the contents read after {@link #take} may lack is in a later
 * take. So whoever takes, and then copies what was taken, and does so until a take is empty on a paused guest, has a
 * copy of everything. The guest information page counts as written with every instruction.
 *
 * <p>A write is seen if it is made through the guest's own mapping; none of ours is made otherwise ({@code pwrite(2)}
 * on a block's memfd, or through another process's mapping). Used by one thread; close it before the guest.
 */
public interface DirtyTracker extends AutoCloseable {
    /**
     * The pages of a block, in its own page size, that were written since the last take of it, or since the start.
     *
     * @param block its place in the guest's list of blocks
     * @return a new set, the caller's
     */
    PageBitmap take(int block) throws IOException;

    /** Whether a {@link #take} of the block would be empty; allocates nothing. */
    boolean isEmpty(int block) throws IOException;

    /** Ends the tracking, which costs the guest nothing from then on. */
    @Override
    void close();
}
