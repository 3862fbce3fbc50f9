/** Postcopy pages: those that the destination maps after the switchover, as they are touched and in the background. */
@NullMarked
package io.pageflip.postcopy;

import org.jspecify.annotations.NullMarked;
