package io.pageflip.cli.report;

import io.pageflip.os.Proc;

/**
 * The host on which something was measured or tried; {@code host} of every JSON document.
 *
 * @param kernel the release of the kernel
 * @param cpus number of processors that this process may use
 * @param pageSize in bytes
 * @param java the version of the running Java
 */
public record Host(String kernel, int cpus, int pageSize, String java) {
    /** The host that this process runs on. */
    public static Host here() {
        return new Host(
                Proc.kernelRelease(),
                Runtime.getRuntime().availableProcessors(),
                Proc.pageSize(),
                System.getProperty("java.version"));
    }

    /** For a heading. */
    @Override
    public String toString() {
        String processors = cpus + (cpus == 1 ? " CPU" : " CPUs");
        return "Linux " + kernel + ", " + processors + ", pages of " + pageSize + " bytes, Java " + java;
    }
}
