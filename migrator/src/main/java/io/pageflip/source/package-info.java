/**
 * The source agent: runs the guest, gives it away, and takes it back if that fails. Does not know the destination, only
 * what it says: through a {@linkplain io.pageflip.source.ConnectedDestination connection}, or, at the other end of a shell
 * pipe, {@linkplain io.pageflip.source.PipedDestination not at all}.
 */
@NullMarked
package io.pageflip.source;

import org.jspecify.annotations.NullMarked;
