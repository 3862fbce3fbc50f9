/**
 * QMP, QEMU's machine protocol (QEMU's docs/interop/qmp-spec.rst): values, errors, events and framing, a client and a
 * server. It knows no command.
 */
@NullMarked
package io.pageflip.qmp;

import org.jspecify.annotations.NullMarked;
