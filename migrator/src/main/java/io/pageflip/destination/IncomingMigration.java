package io.pageflip.destination;

import io.pageflip.agent.AgentContext;
import io.pageflip.channel.StreamReader;
import io.pageflip.guest.Guest;
import io.pageflip.ledger.PageLedger;
import io.pageflip.request.MigrationRequest;
import io.pageflip.switchover.Ownership;
import io.pageflip.warmup.Warmup;
import io.pageflip.wire.Message;
import java.io.IOException;
import java.util.List;

/**
 * One migration at the destination: the objects that every schedule works with. Used by the agent's thread.
 *
 * @param request of which only the parts for a destination count; see {@link MigrationRequest}
 * @param link to the source, which has greeted us; this object does not own it
 * @param memory of the guest; this object does not own it
 * @param timeline gets the times at which things happen
 * @param kernelMovesGifts whether this kernel moves gifted pages, as a probe found
 */
record IncomingMigration(
        MigrationRequest request,
        SourceLink link,
        DestinationMemory memory,
        Timeline timeline,
        boolean kernelMovesGifts,
        AgentContext<DestinationState> context) {
    Message.Hello hello() {
        return link.hello();
    }

    /** The run token, as the source had it when it greeted us. */
    Ownership ownership() {
        return new Ownership(memory.token(), hello().ownerEpoch());
    }

    /** The migration stream, which the link owns. */
    StreamReader stream() {
        return link.stream();
    }

    /** The address of each block of the guest in the source. */
    List<Long> sourceAddresses() {
        return hello().blocks().stream().map(Message.Hello.Block::address).toList();
    }

    Guest guest() {
        return memory.guest();
    }

    /** A new account of all pages; see {@link PageLedger#PageLedger}. */
    PageLedger ledger(boolean pagesComeAgain) {
        return new PageLedger(hello().guest().blocks(), pagesComeAgain);
    }

    Warmup warmup() {
        return new Warmup(Warmup.Config.of(request.warmUp()), context.clock());
    }

    /** Makes vCPU threads take scratch guests over, as vCPU 0 will take over the real guest. */
    void warmUpSwitchover() throws IOException {
        warmup().switchover(SwitchoverMoments.scratch(context.clock()));
    }
}
