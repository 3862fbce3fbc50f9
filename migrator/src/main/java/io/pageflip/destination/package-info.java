/**
 * The destination agent: takes a guest over and runs it. Does not know the source, only what it says: through a
 * {@linkplain io.pageflip.destination.ConnectedSource connection}, or {@linkplain io.pageflip.destination.PipedSource a
 * shell pipe}.
 */
@NullMarked
package io.pageflip.destination;

import org.jspecify.annotations.NullMarked;
