/**
 * Control of an agent over QMP: its commands and their schema in one description, how QEMU's words map on pageflip's
 * (docs/qmp.md), and an agent that does what it is told until it is told to quit.
 */
@NullMarked
package io.pageflip.control;

import org.jspecify.annotations.NullMarked;
