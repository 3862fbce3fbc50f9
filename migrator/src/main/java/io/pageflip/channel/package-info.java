/**
 * The two ways between the agents: the {@linkplain io.pageflip.channel.StreamWriter migration stream}, plain
 * descriptors with our own loops around them, and the {@linkplain io.pageflip.channel.ControlConnection control
 * connection}, which is Netty's (and the only place with Netty).
 *
 * <p>Nobody waits for a peer without asking, now and then, a {@link io.pageflip.os.WaitGuard} whether it still makes
 * sense.
 */
@NullMarked
package io.pageflip.channel;

import org.jspecify.annotations.NullMarked;
