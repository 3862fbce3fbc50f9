/**
 * Everything that Linux gives us, behind typed owners: descriptors, mappings, memfds, userfaultfds, pipes and sockets.
 *
 * <p>The only package that uses JNA. {@link io.pageflip.os.Syscalls} is the boundary: each call returns what the kernel
 * returned, or minus the error number; the owners turn that into a {@link io.pageflip.os.SyscallException} that names
 * the operation and its operands, or, where an error number is an answer ({@code EEXIST} of {@code UFFDIO_CONTINUE}),
 * return it.
 *
 * <p><b>Two kinds of memory.</b> A {@link io.pageflip.os.Mapping} may hold guest RAM, whose pages may trap. It is
 * accessed through native calls only, because a Java thread that blocks in a page fault <em>in Java state</em> keeps
 * the garbage collector from ever reaching a safepoint. A {@link io.pageflip.os.NativeBuffer} is our own memory, which
 * never traps, and may be used as a {@link java.nio.ByteBuffer}.
 */
@NullMarked
package io.pageflip.os;

import org.jspecify.annotations.NullMarked;
