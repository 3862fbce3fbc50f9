package io.pageflip.destination;

import java.io.IOException;

/**
 * The work that is left of a migration when vCPU 0 has taken the guest. Used by the agent's thread, which touches no
 * guest memory until {@link #bringPages} has returned.
 */
interface Remainder {
    /** No work: every page is here. */
    Remainder NOTHING = new Remainder() {
        @Override
        public void awaitFirstInstructions() {
            // No instruction waits for a page.
        }

        @Override
        public void bringPages(PulseWatch pulse) {
            // All are here.
        }

        @Override
        public void giveUp() {
            // No vCPU is trapped.
        }
    };

    /**
     * Waits until each vCPU has executed an instruction, as far as that depends on the source.
     *
     * @throws io.pageflip.agent.GuestLostException if one never will
     */
    void awaitFirstInstructions() throws IOException;

    /**
     * Brings the pages that are not here yet, and accounts for them.
     *
     * @param pulse of the guest; read meanwhile
     * @throws io.pageflip.agent.GuestLostException if one of them will never come
     */
    void bringPages(PulseWatch pulse) throws IOException;

    /** Frees the vCPUs that wait for a page. Called when the guest is lost, and its vCPUs have been told to stop. */
    void giveUp();
}
