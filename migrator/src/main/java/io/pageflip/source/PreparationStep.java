package io.pageflip.source;

import io.pageflip.agent.AgentContext;
import io.pageflip.guest.Guest;
import io.pageflip.guest.GuestConfig;
import io.pageflip.metrics.Progress;
import io.pageflip.metrics.SourceSide;
import io.pageflip.os.WaitGuard;
import io.pageflip.ram.Adoption;
import io.pageflip.request.MigrationRequest;
import io.pageflip.warmup.Warmup;
import java.io.IOException;

/** A step that is done to the running guest before a schedule prepares its migration. Used by the agent's thread. */
interface PreparationStep {
    /** Does nothing, as is usual. */
    PreparationStep NONE = new PreparationStep() {};

    /**
     * Does the step, on the agent's thread.
     *
     * @param peer checked meanwhile; its exception ends the step
     */
    default void run(WaitGuard peer) throws IOException {}

    /** Adds the result of the step to the report, however the migration ended. */
    default SourceSide report(SourceSide known) {
        return known;
    }

    /** Makes private RAM shareable: an {@link Adoption}. */
    final class Adopt implements PreparationStep {
        private final Adoption adoption;
        private final long pages;
        private final Warmup warmup;
        private final Progress progress;

        /** @param guest a paused guest: its vCPUs are made to record page faults */
        Adopt(Guest guest, MigrationRequest request, AgentContext<SourceState> context) {
            this.adoption = guest.adoption(request.adoptChunkBytes());
            this.pages = guest.blocks().get(GuestConfig.RAM).spec().pages();
            this.warmup = new Warmup(Warmup.Config.of(request.warmUp()), context.clock());
            this.progress = context.progress();
        }

        @Override
        public void run(WaitGuard peer) throws IOException {
            progress.begin(Progress.Phase.ADOPTING, pages);
            warmup.adoption();
            adoption.run(done -> {
                progress.done(done);
                peer.check();
            });
        }

        @Override
        public SourceSide report(SourceSide known) {
            return known.withAdopt(adoption.figures());
        }
    }
}
