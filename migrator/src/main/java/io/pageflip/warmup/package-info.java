/** Warming up: the code of a migration runs on scratch memory before a guest is paused for it. */
@NullMarked
package io.pageflip.warmup;

import org.jspecify.annotations.NullMarked;
