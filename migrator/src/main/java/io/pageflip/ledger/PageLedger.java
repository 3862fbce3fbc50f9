package io.pageflip.ledger;

import io.pageflip.memory.PageBitmap;
import io.pageflip.memory.PageRange;
import io.pageflip.metrics.CopyReason;
import io.pageflip.metrics.DeclineReason;
import io.pageflip.metrics.PageCounts;
import io.pageflip.ram.BlockSpec;
import io.pageflip.wire.ProtocolException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.function.LongPredicate;
import org.jspecify.annotations.Nullable;

/**
 * The destination's account of every page: moved, copied, declined or zero, each exactly once. A page that comes twice,
 * lies outside its block, or is missing at the end fails the migration. If the schedule lets the source send copied and
 * zero pages again, the last time counts. A page that was moved, declined or gifted must not come again.
 */
public final class PageLedger {
    private final List<Account> accounts = new ArrayList<>();

    /** @param resends whether copied and zero pages may come again, before the last END */
    public PageLedger(List<BlockSpec> blocks, boolean resends) {
        blocks.forEach(spec -> accounts.add(new Account(spec, resends)));
    }

    /**
     * Checks a range that the peer has sent, before anything is done with it.
     *
     * @return the range
     */
    public PageRange checkRange(int block, long first, long count) throws ProtocolException {
        if (block >= accounts.size()) {
            throw new ProtocolException("RAM block number " + block + " of " + accounts.size());
        }
        Account account = accounts.get(block);
        if (first < 0 || count < 1 || first > account.spec.pages() - count) {
            throw new ProtocolException("pages " + first + "+" + count + " of RAM block " + account.spec.name()
                    + ", which has " + account.spec.pages());
        }
        return new PageRange(first, count);
    }

    public void moved(int block, PageRange pages) throws ProtocolException {
        Account account = account(block, pages);
        account.moved.add(pages.first(), pages.count());
    }

    public void copied(int block, PageRange pages, CopyReason reason) throws ProtocolException {
        Account account = account(block, pages);
        account.reasons.merge(reason, pages.count(), Long::sum);
        account.record(pages, Account.ZERO + reason.code());
    }

    /** Enters pages that were neither moved nor copied: the kernel declined to map them, and need not. */
    public void declined(int block, PageRange pages, DeclineReason reason) throws ProtocolException {
        Account account = account(block, pages);
        account.declined.merge(reason, pages.count(), Long::sum);
        account.record(pages, Account.DECLINED);
    }

    /** Whether the bytes of a page came before. Always false if pages may not come again. */
    public boolean wasCopied(int block, long page) {
        return accounts.get(block).fate(page) > Account.ZERO;
    }

    public void zero(int block, PageRange pages) throws ProtocolException {
        Account account = account(block, pages);
        account.zero += pages.count();
        account.record(pages, Account.ZERO);
    }

    /**
     * Enters gifted pages that were read with a request to move them. Only evidence can tell whether the kernel did;
     * see {@link #decideGifted}.
     */
    public void undecided(int block, PageRange pages) throws ProtocolException {
        Account account = account(block, pages);
        account.undecided.add(pages.first(), pages.count());
    }

    /**
     * Enters postcopy pages: announced now, mapped only after the switchover. {@link #postcopyMapped} or
     * {@link #postcopyCopied} accounts for them then.
     */
    public void postcopy(int block, PageRange pages) throws ProtocolException {
        Account account = account(block, pages);
        account.postcopy.add(pages.first(), pages.count());
    }

    /** The postcopy pages of a block. */
    public PageBitmap postcopyPages(int block) {
        return accounts.get(block).postcopy;
    }

    /** Whether there are postcopy pages. */
    public boolean hasPostcopyPages() {
        return accounts.stream().anyMatch(account -> account.postcopy.cardinality() > 0);
    }

    /**
     * Accounts for all postcopy pages of a block.
     *
     * @param mapped tells which of them were moved
     * @param other why the others were declined
     */
    public void postcopyMapped(int block, LongPredicate mapped, DeclineReason other) {
        Account account = accounts.get(block);
        PageBitmap pages = account.postcopy;
        long rest = 0;
        for (long page = pages.nextSet(0); page < pages.pages(); page = pages.nextSet(page + 1)) {
            if (mapped.test(page)) {
                account.moved.add(page, 1);
            } else {
                rest++;
            }
        }
        if (rest > 0) {
            account.declined.merge(other, rest, Long::sum);
        }
    }

    /**
     * Accounts for all postcopy pages of a block.
     *
     * @param copied how many of them were copied, for {@code reason}; the others count as zero
     */
    public void postcopyCopied(int block, long copied, CopyReason reason) {
        Account account = accounts.get(block);
        if (copied > 0) {
            account.reasons.merge(reason, copied, Long::sum);
        }
        account.zero += account.postcopy.cardinality() - copied;
    }

    private Account account(int block, PageRange pages) throws ProtocolException {
        Account account = accounts.get(block);
        if (account.seen.add(pages.first(), pages.count()) != pages.count()) {
            account.forget(pages);
        }
        return account;
    }

    /**
     * Checks that every page is accounted for. Call this when the source says that it has sent all pages.
     *
     * @param holes for each block, how many pages the source did not send because they hold nothing
     */
    public void close(List<Long> holes) throws ProtocolException {
        if (holes.size() != accounts.size()) {
            throw new ProtocolException("an END for " + holes.size() + " RAM blocks of " + accounts.size());
        }
        for (int i = 0; i < accounts.size(); i++) {
            Account account = accounts.get(i);
            long missing = account.spec.pages() - account.seen.cardinality() - holes.get(i);
            if (missing != 0) {
                throw new ProtocolException("RAM block " + account.spec.name() + " has " + account.spec.pages()
                        + " pages; " + account.seen.cardinality() + " were sent and " + holes.get(i) + " are holes");
            }
            account.holes = holes.get(i); // a second END overwrites the first
            if (account.accounted() != account.spec.pages()) {
                throw new ProtocolException("the pages of RAM block " + account.spec.name() + " do not add up: "
                        + account.accounted() + " of " + account.spec.pages());
            }
        }
    }

    /** The pages of a block that were moved. */
    public PageBitmap moved(int block) {
        return accounts.get(block).moved;
    }

    /** The pages of a block for which only evidence can tell whether they were moved. */
    public PageBitmap undecided(int block) {
        return accounts.get(block).undecided;
    }

    /**
     * Decides about all undecided pages of a block.
     *
     * @param movedPages how many of them lie in the same frame as at the source; the kernel copied the others
     */
    public void decideGifted(int block, long movedPages) {
        Account account = accounts.get(block);
        account.decidedMoved = movedPages;
        account.decided = true;
        long copied = account.undecided.cardinality() - movedPages;
        if (copied > 0) {
            account.reasons.merge(CopyReason.KERNEL_DECLINED, copied, Long::sum);
        }
    }

    /** The counts of a block. */
    public PageCounts counts(int block) {
        Account account = accounts.get(block);
        long moved = account.moved.cardinality() + account.decidedMoved;
        return PageCounts.of(
                account.spec.pages(), moved, account.zero + account.holes, account.reasons, account.declined);
    }

    private static final class Account {
        /** The fate of a zero page. The fate of a copied page is this plus the code of its reason. */
        static final int ZERO = 1;

        /** The fate of a declined page. The source regards it as moved, so it does not send it again. */
        static final int DECLINED = -1;

        private final BlockSpec spec;
        private final PageBitmap seen;
        private final PageBitmap moved;
        private final PageBitmap undecided;
        private final PageBitmap postcopy;
        private final Map<CopyReason, Long> reasons = new EnumMap<>(CopyReason.class);
        private final Map<DeclineReason, Long> declined = new EnumMap<>(DeclineReason.class);
        /**
         * The fate of each page, if pages may come again; 0 for a page that has not come, or was moved or gifted. Made
         * when it is needed.
         */
        private byte @Nullable [] fates;

        private final boolean resends;

        private long zero;
        private long holes;
        private boolean decided;
        private long decidedMoved;

        Account(BlockSpec spec, boolean resends) {
            this.spec = spec;
            this.seen = new PageBitmap(spec.pages());
            this.moved = new PageBitmap(spec.pages());
            this.undecided = new PageBitmap(spec.pages());
            this.postcopy = new PageBitmap(spec.pages());
            this.resends = resends;
        }

        /** Pages of which it is known what became of them, or what will decide it. */
        long accounted() {
            long copied = reasons.values().stream().mapToLong(Long::longValue).sum();
            long left = declined.values().stream().mapToLong(Long::longValue).sum();
            long gifted = decided ? decidedMoved : undecided.cardinality();
            return moved.cardinality() + gifted + postcopy.cardinality() + copied + left + zero + holes;
        }

        int fate(long page) {
            return fates == null ? 0 : fates[(int) page];
        }

        void record(PageRange pages, int fate) {
            if (resends) {
                if (fates == null) {
                    fates = new byte[Math.toIntExact(spec.pages())];
                }
                Arrays.fill(fates, (int) pages.first(), (int) pages.end(), (byte) fate);
            }
        }

        /** Removes pages from the account because they come again. Some of them may come for the first time. */
        void forget(PageRange pages) throws ProtocolException {
            for (long page = pages.first(); page < pages.end(); page++) {
                int fate = fate(page);
                boolean onceOnly = moved.get(page) || undecided.get(page) || postcopy.get(page);
                if (fate == DECLINED || (fate == 0 && (!resends || onceOnly))) {
                    throw new ProtocolException("pages " + pages.first() + "+" + pages.count() + " of RAM block "
                            + spec.name() + " were sent twice");
                }
                if (fate == ZERO) {
                    zero--;
                } else if (fate > ZERO) {
                    reasons.merge(CopyReason.ofCode(fate - ZERO), -1L, Long::sum);
                }
                if (fates != null) {
                    fates[(int) page] = 0;
                }
            }
        }
    }
}
