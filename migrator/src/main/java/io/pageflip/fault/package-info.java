/**
 * Scripted faults: an agent that kills or stops itself at a named step of the protocol, so that what a peer's death
 * costs can be tried out at exactly that moment, by tests and by anybody who doubts it.
 */
@NullMarked
package io.pageflip.fault;

import org.jspecify.annotations.NullMarked;
