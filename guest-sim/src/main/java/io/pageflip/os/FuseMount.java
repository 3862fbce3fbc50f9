package io.pageflip.os;

import java.io.IOException;
import java.nio.charset.StandardCharsets;

/**
 * The owner of a FUSE file system: the device through which the kernel sends its requests, and a detached mount
 * (fsopen(2), fsmount(2); Linux 5.2). The mount is never attached to the mount tree, so nothing of it is left when its
 * owner is killed.
 *
 * <p>A thread that does not use the file system must answer the kernel's requests. After {@link #closeDevice}, every
 * request fails at once, waiting ones included.
 */
public final class FuseMount implements AutoCloseable {
    private static final String DEVICE = "/dev/fuse";
    /** linux/magic.h */
    private static final long FUSE_SUPER_MAGIC = 0x65735546;

    // linux/mount.h
    private static final int FSOPEN_CLOEXEC = 1;
    private static final int FSCONFIG_SET_STRING = 1;
    private static final int FSCONFIG_CMD_CREATE = 6;
    private static final int FSMOUNT_CLOEXEC = 1;
    private static final int MOUNT_ATTR_NOSUID = 2;
    private static final int MOUNT_ATTR_NODEV = 4;
    private static final int MOUNT_ATTR_NOEXEC = 8;

    private final Fd device;
    private final Fd mount;
    private final Syscalls sys;

    private FuseMount(Fd device, Fd mount, Syscalls sys) {
        this.device = device;
        this.mount = mount;
        this.sys = sys;
    }

    /**
     * Makes the file system; its first requests wait on the device.
     *
     * @throws HostLacksException if there is no such device, or this user may not mount
     */
    public static FuseMount create() throws IOException {
        return create(Syscalls.LINUX);
    }

    static FuseMount create(Syscalls sys) throws IOException {
        Fd device = openDevice(sys);
        try {
            return new FuseMount(device, mount(sys, device), sys);
        } catch (IOException | RuntimeException e) {
            device.close();
            throw e;
        }
    }

    private static Fd openDevice(Syscalls sys) throws IOException {
        try {
            return Fd.open(sys, DEVICE, Fd.O_RDWR | Fd.O_NONBLOCK);
        } catch (SyscallException e) {
            String cause = switch (e.errno()) {
                case Errno.ENOENT -> "there is no " + DEVICE;
                case Errno.ENODEV, Errno.ENXIO -> "this kernel has no FUSE behind " + DEVICE;
                case Errno.EACCES, Errno.EPERM -> "this user may not open " + DEVICE;
                default -> e.getMessage();
            };
            throw new HostLacksException(cause + " (" + Errno.name(e.errno()) + ")", e);
        }
    }

    private static Fd mount(Syscalls sys, Fd device) throws IOException {
        long context = sys.fsopen(string("fuse").address(), FSOPEN_CLOEXEC);
        try (Fd fs = new Fd(checkMount(context, "fsopen"), "fuse, file system context", sys)) {
            set(sys, fs, "source", "pageflip");
            set(sys, fs, "fd", Integer.toString(device.number()));
            set(sys, fs, "rootmode", Integer.toOctalString(FuseMessages.S_IFDIR));
            set(sys, fs, "user_id", Integer.toString(sys.getuid()));
            set(sys, fs, "group_id", "0");
            checkMount(sys.fsconfig(fs.number(), FSCONFIG_CMD_CREATE, 0, 0, 0), "FSCONFIG_CMD_CREATE");
            int attributes = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;
            long mount = checkMount(sys.fsmount(fs.number(), FSMOUNT_CLOEXEC, attributes), "fsmount");
            return new Fd(mount, "fuse, mount", sys);
        }
    }

    private static void set(Syscalls sys, Fd fs, String key, String value) throws IOException {
        NativeBuffer nativeKey = string(key);
        NativeBuffer nativeValue = string(value);
        long result = sys.fsconfig(fs.number(), FSCONFIG_SET_STRING, nativeKey.address(), nativeValue.address(), 0);
        checkMount(result, "fsconfig " + key + "=" + value);
    }

    private static long checkMount(long result, String operation) throws IOException {
        if (result == -Errno.EPERM) {
            throw new HostLacksException(
                    "this user may not mount a file system (" + operation + ": EPERM), which takes " + "CAP_SYS_ADMIN");
        }
        if (result == -Errno.ENOSYS || result == -Errno.ENODEV) {
            throw new HostLacksException("this kernel cannot mount FUSE without a place in the tree (" + operation
                    + ": " + Errno.name((int) -result) + ")");
        }
        return SyscallException.check(result, operation);
    }

    private static NativeBuffer string(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        NativeBuffer buffer = NativeBuffer.allocate(bytes.length + 1);
        buffer.bytes().put(0, bytes);
        return buffer;
    }

    /**
     * Checks that a descriptor is what the peer claims: a file of {@code length} bytes of a FUSE file system. Any other
     * file could be shrunk under a mapping of it after all pages have been read.
     */
    public static void requireFile(Fd file, String name, long length) throws IOException {
        if (file.fileSystem() != FUSE_SUPER_MAGIC) {
            throw new IOException("the file of RAM block " + name + " is in no FUSE file system");
        }
        if (file.length() != length) {
            throw new IOException("the FUSE file of RAM block " + name + " has " + file.length()
                    + " bytes, its owner said " + length);
        }
    }

    /** The device, non-blocking; this object still owns it. */
    Fd device() {
        return device;
    }

    /** Opens a file of the file system, for reading. Waits until the server has answered. */
    public Fd open(String name) throws SyscallException {
        long number = sys.openat(mount.number(), name, Fd.O_RDONLY | Fd.O_CLOEXEC, 0);
        return new Fd(
                SyscallException.check(number, "openat " + name + " of a FUSE file system"), name + " (FUSE)", sys);
    }

    /**
     * Ends the service: every request that waits, or comes from now on, fails. Call it from the thread that serves, or
     * when that has ended.
     */
    public void closeDevice() {
        device.close();
    }

    /** Releases the file system. Files that are open or mapped elsewhere stay, and their cached pages can be read. */
    @Override
    public void close() {
        mount.close();
        closeDevice();
    }
}
