/** What the source agent and the destination agent share. */
@NullMarked
package io.pageflip.agent;

import org.jspecify.annotations.NullMarked;
