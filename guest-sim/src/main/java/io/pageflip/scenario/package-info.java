/**
 * Experiments: conditions of RAM in which pages do not move, a third process that maps a part of it, and scripted
 * faults, with which an agent kills or stops itself at a named step of the protocol.
 */
@NullMarked
package io.pageflip.scenario;

import org.jspecify.annotations.NullMarked;
