/** The switchover: who may run the guest, and how its state crosses from one agent to the other. */
@NullMarked
package io.pageflip.switchover;

import org.jspecify.annotations.NullMarked;
