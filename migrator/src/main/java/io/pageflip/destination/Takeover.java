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
 * One migration at the destination, as every schedule needs it. Used by the agent's thread.
 *
 * @param request as far as it concerns a destination; see {@link MigrationRequest}
 * @param link to the source, which has greeted us; stays its owner's
 * @param memory of the guest; stays its owner's
 * @param timeline gets the marks of what happens
 * @param kernelMovesGifts what a probe says about this kernel and gifted pages
 */
record Takeover(
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

    /** Of pages; the link's. */
    StreamReader stream() {
        return link.stream();
    }

    /** Where each block of the guest lies in the source. */
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

    /** Has vCPU threads take scratch guests over, as one of them will take the real one. */
    void warmUpSwitchover() throws IOException {
        warmup().switchover(SwitchoverMoments.scratch(context.clock()));
    }
}
