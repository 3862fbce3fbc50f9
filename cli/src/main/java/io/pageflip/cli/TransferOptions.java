package io.pageflip.cli;

import io.pageflip.guest.Backing;
import io.pageflip.wire.ChannelKind;
import io.pageflip.wire.Mechanism;
import io.pageflip.wire.Schedule;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import picocli.CommandLine.Spec.Target;

/** Options that say how pages cross, at the source's side. */
final class TransferOptions {
    /** A gigabyte of 4 KiB pages in one call: more is not faster, and cannot be cancelled. */
    private static final int MOST_BATCH = 1 << 18;

    @Spec(Target.MIXEE)
    private CommandSpec spec;

    @Option(
            names = "--mechanism",
            paramLabel = "KIND",
            defaultValue = "auto",
            description =
                    "How a page crosses: ${COMPLETION-CANDIDATES}. auto is flip where RAM is shareable, else gift "
                            + "(default: ${DEFAULT-VALUE}).")
    private Choice mechanism;

    @Option(
            names = "--schedule",
            paramLabel = "KIND",
            description =
                    "When pages cross: ${COMPLETION-CANDIDATES} (default: handover with flip, else stop-and-move).")
    private @Nullable Schedule schedule;

    @Option(
            names = "--batch",
            paramLabel = "PAGES",
            defaultValue = "512",
            description = "Pages, of the block's own size, that one system call moves (default: ${DEFAULT-VALUE}).")
    private int batch;

    @Option(names = "--no-gift", description = "Do not gift: every page is copied, with the reason not-gifted.")
    private boolean noGift;

    @Option(
            names = "--no-way-back",
            description =
                    "Allow gift on a kernel that really moves gifted pages: a failed migration then loses the guest.")
    private boolean noWayBack;

    /** {@code auto}, or a mechanism. */
    enum Choice {
        AUTO,
        FLIP,
        GIFT,
        STREAM,
        PULL;

        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    boolean gifts() {
        return !noGift;
    }

    boolean noWayBack() {
        return noWayBack;
    }

    int batch() {
        return (int) Values.between(spec, "--batch", batch, 1, MOST_BATCH);
    }

    /** The mechanism for a guest in such memory; a combination that makes no sense is a usage error. */
    Mechanism resolve(Backing backing) {
        Mechanism chosen = switch (mechanism) {
            case AUTO -> backing.shareable() ? Mechanism.FLIP : Mechanism.GIFT;
            case FLIP -> Mechanism.FLIP;
            case GIFT -> Mechanism.GIFT;
            case STREAM -> Mechanism.STREAM;
            case PULL -> Mechanism.PULL;
        };
        if (chosen == Mechanism.FLIP && !backing.shareable()) {
            throw refused("--mechanism flip needs RAM that both agents can map, and --backing " + backing
                    + " is private; use --backing memfd, or --mechanism gift");
        }
        if (chosen == Mechanism.GIFT && backing.shareable()) {
            throw refused("--mechanism gift gives away private anonymous pages, and --backing " + backing
                    + " is shared; use --backing anonymous, or --mechanism flip");
        }
        if (noGift && !chosen.moves()) {
            throw refused("--no-gift changes nothing with --mechanism " + chosen + ", which moves no page anyway");
        }
        if (noWayBack && chosen != Mechanism.GIFT) {
            throw refused("--no-way-back is for --mechanism gift; a page sent by " + chosen + " can be taken back");
        }
        return chosen;
    }

    /**
     * The schedule for a mechanism; a combination that makes no sense is a usage error.
     *
     * @param moves false with {@code --no-move}, where that is known
     */
    Schedule schedule(Mechanism chosen, boolean moves) {
        boolean canHandOver = chosen == Mechanism.FLIP && !noGift && moves;
        if (schedule == null) {
            return canHandOver ? Schedule.HANDOVER : Schedule.STOP_AND_MOVE;
        }
        if (schedule == Schedule.HANDOVER && chosen != Mechanism.FLIP) {
            throw refused("--schedule handover lets both agents map the same pages, and --mechanism " + chosen
                    + " copies them; use --mechanism flip, or --schedule stop-and-move");
        }
        if (schedule == Schedule.HANDOVER && !canHandOver) {
            throw refused("--schedule handover has no pages left to copy for " + (noGift ? "--no-gift" : "--no-move")
                    + "; use --schedule stop-and-move");
        }
        return schedule;
    }

    private ParameterException refused(String sentence) {
        return new ParameterException(spec.commandLine(), sentence);
    }

    /** The same options again, for an agent. */
    List<String> arguments(Mechanism resolved, Schedule when) {
        List<String> arguments =
                new ArrayList<>(List.of("--mechanism=" + resolved, "--schedule=" + when, "--batch=" + batch));
        if (noGift) {
            arguments.add("--no-gift");
        }
        if (noWayBack) {
            arguments.add("--no-way-back");
        }
        return arguments;
    }

    void describe(Map<String, Object> request, Mechanism resolved, Schedule when, ChannelKind channel) {
        request.put("mechanism", resolved.toString());
        request.put("channel", channel.toString());
        request.put("schedule", when.toString());
        request.put("batch", batch);
        request.put("gift", !noGift);
        request.put("no-way-back", noWayBack);
    }
}
