package io.pageflip.os;

/** The process at the other end of a Unix socket, as the kernel reports it ({@code SO_PEERCRED}, unix(7)). */
public record PeerCredentials(int pid, int uid) {}
