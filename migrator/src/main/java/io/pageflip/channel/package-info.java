/**
 * The two connections between the agents: the {@linkplain io.pageflip.channel.StreamWriter migration stream}, which is
 * plain descriptors with our own read and write loops, and the {@linkplain io.pageflip.channel.ControlConnection
 * control connection}, which uses Netty (no other package does).
 *
 * <p>Every wait for a peer asks a {@link io.pageflip.os.WaitGuard} now and then whether to go on waiting.
 */
@NullMarked
package io.pageflip.channel;

import org.jspecify.annotations.NullMarked;
