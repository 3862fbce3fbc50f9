/**
 * The heartbeats of a guest, as an observer outside sees them: the guest information page in guest RAM, and the pulse,
 * a count of instructions for each of the last milliseconds.
 */
@NullMarked
package io.pageflip.heartbeat;

import org.jspecify.annotations.NullMarked;
