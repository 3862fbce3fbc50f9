/**
 * Real QEMU beside pageflip: what a binary can do, the guest that it runs, and its migrations of every kind, driven
 * over QMP and watched from outside.
 */
@NullMarked
package io.pageflip.qemu;

import org.jspecify.annotations.NullMarked;
