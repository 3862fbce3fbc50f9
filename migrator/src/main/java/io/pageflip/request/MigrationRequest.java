package io.pageflip.request;

import io.pageflip.guest.GuestConfig;
import io.pageflip.ram.Backing;
import io.pageflip.ram.DirtyTracking;
import io.pageflip.scenario.Scenario;
import io.pageflip.scenario.ScriptedFault;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * Everything that is asked of a migration. {@link RequestBuilder} makes a request, {@link RequestRules} checks whether
 * it makes sense, and {@link RequestDocument} writes and reads it as JSON. A request may hold values that make no
 * sense: code that acts on it checks the rules first. Immutable.
 *
 * <p>A destination that was started by hand does not know what the source was asked for, and learns it from the
 * source's greeting: of its own request only {@link #moves}, {@link #postcopySettings}, {@link #verify},
 * {@link #runAfterNs}, {@link #destinationFault}, {@link #warmUp} and {@link #traces} count.
 *
 * @param guest with the backing that its pages cross from: with {@link #adopts}, a memfd
 * @param place what guest RAM lies in when the guest is made
 * @param parts of guest RAM that an experiment keeps from being moved
 * @param verify whether the agent that has the guest afterwards compares every page with what it must hold
 * @param runAfterS how long the guest runs before that, in seconds
 * @param faults that the agents cause in themselves, for tests
 * @param warmUp how much both agents warm up before the guest is paused
 * @param traces whether the destination notes when each thing happened, for {@code --export-trace}
 */
public record MigrationRequest(
        GuestConfig guest,
        RamPlace place,
        RamParts parts,
        Transfer transfer,
        Adopt adopt,
        Precopy precopy,
        Postcopy postcopy,
        boolean verify,
        double runAfterS,
        Faults faults,
        WarmUpLength warmUp,
        boolean traces) {
    private static final double NS_PER_S = 1e9;
    private static final long NS_PER_MS = 1_000_000;

    /** The default time limit for the rounds of a precopy, in seconds. */
    private static final double TIMEOUT_S = 30;

    private static final double SWITCHOVER_TIMEOUT_S = 5;
    private static final double SLOWEST_BYTES_PER_S = 32 << 20;

    /** The default size of an adopted chunk, in bytes. */
    private static final long ADOPT_CHUNK = 256 << 10;

    public MigrationRequest {
        if (guest.backing() != (adopt.wanted() ? Backing.MEMFD : place.backing())) {
            throw new IllegalArgumentException(
                    "a guest in " + guest.backing() + " that is made in " + place + ", " + adopt);
        }
    }

    /**
     * How pages cross.
     *
     * @param batchPages maximum number of pages of a block that one system call moves, 1 or more
     * @param gifts false with {@code --no-gift}: every page is copied
     * @param moves false with {@code --no-move}: the destination asks for no page to be moved
     * @param noWayBack whether the user accepts that a failed migration may lose the guest
     * @param switchoverTimeoutS the longest time in seconds that the guest may be paused before the source takes it
     *     back; null: see {@link MigrationRequest#switchoverTimeoutNs}
     */
    public record Transfer(
            Mechanism mechanism,
            ChannelKind channel,
            Schedule schedule,
            int batchPages,
            boolean gifts,
            boolean moves,
            boolean noWayBack,
            @Nullable Double switchoverTimeoutS) {}

    /**
     * The options for turning private RAM into a memfd while the guest runs.
     *
     * @param chunkBytes how much RAM to adopt at a time; null if this was not given
     */
    public record Adopt(boolean wanted, @Nullable Long chunkBytes) {
        /** RAM stays what it is. */
        public static final Adopt NONE = new Adopt(false, null);
    }

    /**
     * The options for a precopy; null for an option that was not given.
     *
     * @param downtimeLimitMs in milliseconds
     * @param maxBandwidth in bytes a second
     * @param timeoutS in seconds; 0 for no limit
     */
    public record Precopy(
            @Nullable Long downtimeLimitMs,
            @Nullable Long maxBandwidth,
            @Nullable Integer maxRounds,
            boolean autoConverge,
            @Nullable Double timeoutS,
            PrecopyLimits.@Nullable OnTimeout onTimeout,
            @Nullable DirtyTracking dirtyTracking) {
        /** Nothing was said. */
        public static final Precopy NONE = new Precopy(null, null, null, false, null, null, null);
    }

    /**
     * The options for pages that are mapped after the switchover; null for an option that was not given.
     *
     * @param prefetchPages the window around a touched page, itself included
     * @param batchPages maximum number of pages that one system call maps in the background
     * @param recoverTimeoutS how long a source that is needed may take to connect again, in seconds
     */
    public record Postcopy(
            @Nullable Integer prefetchPages,
            @Nullable Integer batchPages,
            @Nullable Long recoverTimeoutS) {
        /** Nothing was said. */
        public static final Postcopy NONE = new Postcopy(null, null, null);
    }

    /** The faults that each agent causes in itself, and when. */
    public record Faults(ScriptedFault source, ScriptedFault destination) {
        /** No faults. */
        public static final Faults NONE = new Faults(ScriptedFault.NONE, ScriptedFault.NONE);
    }

    /** The directory of the file that RAM lies in with {@link Backing#FILE}; null with any other backing. */
    public @Nullable Path ramDirectory() {
        return place.directory();
    }

    /**
     * The experiment with the guest.
     *
     * @throws IllegalArgumentException if {@link RequestRules} refuses the {@link #parts}
     */
    public Scenario scenario() {
        return parts.scenario();
    }

    public Mechanism mechanism() {
        return transfer.mechanism();
    }

    public ChannelKind channel() {
        return transfer.channel();
    }

    public Schedule schedule() {
        return transfer.schedule();
    }

    public int batchPages() {
        return transfer.batchPages();
    }

    public boolean gifts() {
        return transfer.gifts();
    }

    public boolean moves() {
        return transfer.moves();
    }

    public boolean noWayBack() {
        return transfer.noWayBack();
    }

    /** Whether vmspliced pages go through the migration stream itself, which is a pipe. */
    public boolean samePipe() {
        return channel() == ChannelKind.PIPE;
    }

    /** Whether private RAM becomes a memfd while the guest runs. */
    public boolean adopts() {
        return adopt.wanted();
    }

    /** The size of a chunk of RAM that is adopted at a time, in bytes; 0 if no RAM is adopted. */
    public long adoptChunkBytes() {
        if (!adopt.wanted()) {
            return 0;
        }
        return adopt.chunkBytes() == null ? ADOPT_CHUNK : adopt.chunkBytes();
    }

    /** The limits of the precopy, if this is one. */
    public PrecopyLimits limits() {
        return new PrecopyLimits(
                downtimeLimitMs() * NS_PER_MS,
                precopy.maxBandwidth() == null ? 0 : precopy.maxBandwidth(),
                precopy.maxRounds() == null ? 0 : precopy.maxRounds(),
                precopy.autoConverge(),
                (long) (timeoutS() * NS_PER_S),
                onTimeout());
    }

    private long downtimeLimitMs() {
        return precopy.downtimeLimitMs() == null
                ? PrecopyLimits.DEFAULT.downtimeLimitNs() / NS_PER_MS
                : precopy.downtimeLimitMs();
    }

    private double timeoutS() {
        return precopy.timeoutS() == null ? TIMEOUT_S : precopy.timeoutS();
    }

    private PrecopyLimits.OnTimeout onTimeout() {
        return precopy.onTimeout() == null ? PrecopyLimits.OnTimeout.SWITCH : precopy.onTimeout();
    }

    /** How a precopy tracks what the guest writes. */
    public DirtyTracking dirtyTracking() {
        return precopy.dirtyTracking() == null ? DirtyTracking.WRITE_PROTECT : precopy.dirtyTracking();
    }

    /** Whether pages may cross after the switchover. */
    public boolean mayPostcopy() {
        return schedule() == Schedule.POSTCOPY || precopy.onTimeout() == PrecopyLimits.OnTimeout.POSTCOPY;
    }

    /** How the destination maps pages after the switchover. */
    public PostcopySettings postcopySettings() {
        PostcopySettings usual = PostcopySettings.DEFAULT;
        return new PostcopySettings(
                postcopy.prefetchPages() == null ? usual.prefetchPages() : postcopy.prefetchPages(),
                // A batch that is larger than usual would keep a fault waiting.
                postcopy.batchPages() == null ? Math.min(batchPages(), usual.batchPages()) : postcopy.batchPages(),
                postcopy.recoverTimeoutS() == null
                        ? usual.recoverTimeoutNs()
                        : (long) (postcopy.recoverTimeoutS() * NS_PER_S));
    }

    /**
     * The longest time in nanoseconds that the guest may be paused before the source takes it back: what the user said,
     * or 5 seconds and the time that the pages take at 32 MiB a second, which any host reaches.
     *
     * @param bytesLeft bytes of pages that have to cross while the guest is paused
     */
    public long switchoverTimeoutNs(long bytesLeft) {
        Double seconds = transfer.switchoverTimeoutS();
        return (long) ((seconds == null ? SWITCHOVER_TIMEOUT_S + bytesLeft / SLOWEST_BYTES_PER_S : seconds) * NS_PER_S);
    }

    /** How long the guest runs after the migration, in nanoseconds. */
    public long runAfterNs() {
        return (long) (runAfterS * NS_PER_S);
    }

    public ScriptedFault sourceFault() {
        return faults.source();
    }

    public ScriptedFault destinationFault() {
        return faults.destination();
    }

    /** The same request with other faults. */
    public MigrationRequest withFaults(Faults other) {
        return new MigrationRequest(
                guest, place, parts, transfer, adopt, precopy, postcopy, verify, runAfterS, other, warmUp, traces);
    }
}
