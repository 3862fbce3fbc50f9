package io.pageflip.os;

/** Who is at the other end of a Unix socket, as the kernel says ({@code SO_PEERCRED}, unix(7)). */
public record PeerCredentials(int pid, int uid) {}
