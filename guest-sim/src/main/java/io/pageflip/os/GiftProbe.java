package io.pageflip.os;

import io.pageflip.memory.BasePage;
import java.io.IOException;

/**
 * The result of a probe: does this kernel move gifted pages, or copy them? The probe gifts some pages through a pipe of
 * its own. A stock kernel copies them, a kernel with the patch of 2013 (seeds 000 and 004) moves them.
 *
 * @param outcome what happened to the pages
 * @param byFrameNumbers whether frame numbers decided. Where the kernel hides them (no {@code CAP_SYS_ADMIN}), the
 *     giver's memory decides: it is zero where pages moved away, and unchanged where they were copied.
 */
public record GiftProbe(Outcome outcome, boolean byFrameNumbers) {
    /** How gifted pages arrive. */
    public enum Outcome {
        /** The taker has the frames that the giver had. */
        MOVES,
        /** The taker has other frames with the same bytes. */
        COPIES
    }

    private static final int PAGES = 16;
    private static final int BYTES = PAGES * BasePage.BYTES;

    /**
     * Gifts pages of private memory and takes them again; needs no privilege and leaves nothing behind. Any thread.
     *
     * @return {@link Outcome#MOVES} if any page moved: then the giver may be unable to get a gift back
     * @throws SyscallException if a page cannot be gifted or taken at all
     * @throws IOException if the bytes that arrive are not those that were gifted
     */
    public static GiftProbe run() throws IOException {
        return run(Pagemap.framesVisible());
    }

    static GiftProbe run(boolean framesVisible) throws IOException {
        // A kernel that copies never makes a page look moved. A kernel that moves may relocate some pages meanwhile.
        int moved = giftOnce(framesVisible);
        return new GiftProbe(moved > 0 ? Outcome.MOVES : Outcome.COPIES, framesVisible);
    }

    /** Gifts all pages once, and counts those that moved. */
    private static int giftOnce(boolean framesVisible) throws IOException {
        try (Mapping giver = Mapping.anonymous("gift probe, giver", BYTES);
                Mapping taker = Mapping.anonymous("gift probe, taker", BYTES);
                Pipe pipe = Pipe.create()) {
            for (int i = 0; i < PAGES; i++) {
                giver.setLong(at(i), pattern(i));
                giver.setLong(at(i) + BasePage.BYTES - 8, ~pattern(i));
                taker.setLong(at(i), -1); // present, too, so only its frame can show a move
            }
            long[] given = framesVisible ? frames(giver) : new long[PAGES];
            transfer(giver, taker, pipe);
            long[] taken = framesVisible ? frames(taker) : given;
            int moved = 0;
            for (int i = 0; i < PAGES; i++) {
                checkContent(taker, i, pattern(i));
                boolean same =
                        framesVisible ? given[i] != 0 && given[i] == taken[i] : giver.isZero(at(i), BasePage.BYTES);
                moved += same ? 1 : 0;
            }
            return moved;
        }
    }

    private static long at(int page) {
        return (long) page * BasePage.BYTES;
    }

    private static long pattern(int page) {
        return 0x5041474546000000L | page + 1;
    }

    /** Gives and takes all pages, in as many steps as the size of the pipe demands. */
    private static void transfer(Mapping giver, Mapping taker, Pipe pipe) throws IOException {
        PageGift gift = new PageGift();
        long given = 0;
        long taken = 0;
        while (taken < BYTES) {
            if (given == taken) { // only into an empty pipe, which never answers EAGAIN
                long result = gift.give(pipe.writeEnd(), giver, given, BYTES - given, true);
                given += SyscallException.check(result, "vmsplice SPLICE_F_GIFT|SPLICE_F_MOVE");
            }
            long result = gift.take(pipe.readEnd(), taker, taken, given - taken, true);
            taken += SyscallException.check(result, "vmsplice SPLICE_F_MOVE");
        }
    }

    private static void checkContent(Mapping taker, int page, long pattern) throws IOException {
        if (taker.getLong(at(page)) != pattern || taker.getLong(at(page) + BasePage.BYTES - 8) != ~pattern) {
            throw new IOException("page " + page + " of " + PAGES + " gifted ones arrived with other content");
        }
    }

    private static long[] frames(Mapping mapping) throws IOException {
        long[] frames = new long[PAGES];
        try (Pagemap pagemap = Pagemap.open()) {
            pagemap.read(mapping, 0, PAGES, BasePage.BYTES, frames);
        }
        for (int i = 0; i < PAGES; i++) {
            frames[i] = Pagemap.frame(frames[i]);
        }
        return frames;
    }
}
