package io.pageflip.request;

import io.pageflip.guest.GuestConfig;
import io.pageflip.guest.Workload;
import io.pageflip.ram.Backing;
import io.pageflip.scenario.ScriptedFault;
import org.jspecify.annotations.Nullable;

/**
 * Collects what is asked of a migration, and chooses what was left open: the mechanism follows from the guest's RAM,
 * the schedule from the mechanism. A new builder holds the defaults of {@code pageflip migrate}. It checks nothing; see
 * {@link RequestRules}. Not thread-safe.
 */
public final class RequestBuilder {
    private long ramBytes = 1L << 30;
    private RamPlace place = new RamPlace(Backing.MEMFD);
    private int vcpus = 1;
    private Workload workload = Workload.HOTSET;
    private long dirtyRate = 20_000;
    private int hotSetPercent = 10;
    private int fillPercent = 100;
    private long seed = 1;
    private RamParts parts = RamParts.NONE;
    private @Nullable Mechanism mechanism;
    private ChannelKind channel = ChannelKind.UNIX;
    private @Nullable Schedule schedule;
    private int batchPages = 512;
    private boolean gifts = true;
    private boolean moves = true;
    private boolean noWayBack;
    private @Nullable Double switchoverTimeoutS;
    private MigrationRequest.Adopt adopt = MigrationRequest.Adopt.NONE;
    private MigrationRequest.Precopy precopy = MigrationRequest.Precopy.NONE;
    private MigrationRequest.Postcopy postcopy = MigrationRequest.Postcopy.NONE;
    private boolean verify = true;
    private double runAfterS = 0.2;
    private ScriptedFault sourceFault = ScriptedFault.NONE;
    private ScriptedFault destinationFault = ScriptedFault.NONE;
    private WarmUpLength warmUp = WarmUpLength.FULL;
    private boolean traces;

    /** Guest RAM, in bytes. */
    public RequestBuilder ramBytes(long value) {
        ramBytes = value;
        return this;
    }

    /** Sets what RAM lies in when the guest is made. */
    public RequestBuilder place(RamPlace value) {
        place = value;
        return this;
    }

    public RequestBuilder vcpus(int value) {
        vcpus = value;
        return this;
    }

    public RequestBuilder workload(Workload value) {
        workload = value;
        return this;
    }

    /** Pages that the guest writes a second. */
    public RequestBuilder dirtyRate(long value) {
        dirtyRate = value;
        return this;
    }

    public RequestBuilder hotSetPercent(int value) {
        hotSetPercent = value;
        return this;
    }

    public RequestBuilder fillPercent(int value) {
        fillPercent = value;
        return this;
    }

    public RequestBuilder seed(long value) {
        seed = value;
        return this;
    }

    /**
     * Sets everything about the guest as it is made, its place included; only {@link Backing#FILE} needs a
     * {@link #place}, too.
     */
    public RequestBuilder guest(GuestConfig value) {
        return ramBytes(value.ramBytes())
                .place(new RamPlace(value.backing()))
                .vcpus(value.vcpus())
                .workload(value.workload())
                .dirtyRate(value.dirtyRate())
                .hotSetPercent(value.hotSetPercent())
                .fillPercent(value.fillPercent())
                .seed(value.seed());
    }

    public RequestBuilder parts(RamParts value) {
        parts = value;
        return this;
    }

    /** null for the one that suits the guest's RAM. */
    public RequestBuilder mechanism(@Nullable Mechanism value) {
        mechanism = value;
        return this;
    }

    public RequestBuilder channel(ChannelKind value) {
        channel = value;
        return this;
    }

    /** null for handover if the mechanism can do it, else stop-and-move. */
    public RequestBuilder schedule(@Nullable Schedule value) {
        schedule = value;
        return this;
    }

    public RequestBuilder batchPages(int value) {
        batchPages = value;
        return this;
    }

    public RequestBuilder gifts(boolean value) {
        gifts = value;
        return this;
    }

    public RequestBuilder moves(boolean value) {
        moves = value;
        return this;
    }

    public RequestBuilder noWayBack(boolean value) {
        noWayBack = value;
        return this;
    }

    /** null: see {@link MigrationRequest#switchoverTimeoutNs}. */
    public RequestBuilder switchoverTimeoutS(@Nullable Double value) {
        switchoverTimeoutS = value;
        return this;
    }

    public RequestBuilder adopt(MigrationRequest.Adopt value) {
        adopt = value;
        return this;
    }

    public RequestBuilder precopy(MigrationRequest.Precopy value) {
        precopy = value;
        return this;
    }

    public RequestBuilder postcopy(MigrationRequest.Postcopy value) {
        postcopy = value;
        return this;
    }

    public RequestBuilder verify(boolean value) {
        verify = value;
        return this;
    }

    /** How long the guest runs after the migration, in seconds. */
    public RequestBuilder runAfterS(double value) {
        runAfterS = value;
        return this;
    }

    public RequestBuilder sourceFault(ScriptedFault value) {
        sourceFault = value;
        return this;
    }

    public RequestBuilder destinationFault(ScriptedFault value) {
        destinationFault = value;
        return this;
    }

    public RequestBuilder warmUp(WarmUpLength value) {
        warmUp = value;
        return this;
    }

    public RequestBuilder traces(boolean value) {
        traces = value;
        return this;
    }

    /** The request as it is now; later calls do not change it. */
    public MigrationRequest build() {
        Backing crossing = adopt.wanted() ? Backing.MEMFD : place.backing();
        Mechanism how = mechanism == null ? mechanismFor(crossing) : mechanism;
        Schedule when = schedule == null ? scheduleFor(how) : schedule;
        return new MigrationRequest(
                new GuestConfig(ramBytes, crossing, vcpus, workload, dirtyRate, hotSetPercent, fillPercent, seed),
                place,
                parts,
                new MigrationRequest.Transfer(
                        how, channel, when, batchPages, gifts, moves, noWayBack, switchoverTimeoutS),
                adopt,
                precopy,
                postcopy,
                verify,
                runAfterS,
                new MigrationRequest.Faults(sourceFault, destinationFault),
                warmUp,
                traces);
    }

    private static Mechanism mechanismFor(Backing backing) {
        return switch (backing) {
            case MEMFD, HUGETLB -> Mechanism.FLIP;
            case ANONYMOUS -> Mechanism.GIFT;
            case FILE -> Mechanism.FUSE;
        };
    }

    private Schedule scheduleFor(Mechanism how) {
        return how == Mechanism.FLIP && gifts && moves ? Schedule.HANDOVER : Schedule.STOP_AND_MOVE;
    }
}
