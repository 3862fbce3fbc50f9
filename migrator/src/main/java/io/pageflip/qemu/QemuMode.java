package io.pageflip.qemu;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** How a QEMU is upgraded, or migrated on one host; the names are QEMU's where it has one. */
public enum QemuMode {
    /** Two processes share RAM in a memfd, and the old one hands the new one its descriptors. QEMU 10.0 and later. */
    CPR_TRANSFER("cpr-transfer", Ram.MEMFD_SHARED, "", "cpr-transfer", null),
    /** The process executes the new program; it keeps its number and its memfd. QEMU 10.2 and later. */
    CPR_EXEC("cpr-exec", Ram.MEMFD_SHARED, "", "cpr-exec", "cpr-exec-command"),
    /**
     * The old process writes its state to a file and ends; a new one loads it. RAM stays in a file. QEMU 8.2 and later.
     */
    CPR_REBOOT("cpr-reboot", Ram.FILE_SHARED, "x-ignore-shared", "cpr-reboot", null),
    /** Two processes map the same file as RAM, and only the devices cross. */
    IGNORE_SHARED("ignore-shared", Ram.FILE_SHARED, "x-ignore-shared", null, null),
    /** Pages are copied while the guest runs, until the rest fits into the downtime limit. */
    PRECOPY("precopy", Ram.MEMFD_EACH, "", null, null),
    /** The same, over several connections. */
    MULTIFD("multifd", Ram.MEMFD_EACH, "multifd", null, null),
    /** The guest resumes at the destination, and then its pages are copied, those first that it touches. */
    POSTCOPY("postcopy", Ram.MEMFD_EACH, "postcopy-ram postcopy-blocktime", null, null),
    /** The guest is stopped, copied, and continued. */
    STOP_COPY("stop-copy", Ram.MEMFD_EACH, "", null, null),
    /**
     * The guest is stopped and written to a file, each page at its place there; a new process loads it. QEMU 9.0 and
     * later.
     */
    MAPPED_RAM("mapped-ram", Ram.MEMFD_EACH, "mapped-ram", null, null);

    /** What guest RAM lies in. All of it can be watched from outside. */
    enum Ram {
        /** One memfd, of which both processes have a descriptor. */
        MEMFD_SHARED,
        /** A memfd for each process. */
        MEMFD_EACH,
        /** One memfd of ours, which both processes open as a file. */
        FILE_SHARED
    }

    private final String label;
    private final Ram ram;
    private final String capabilities;
    private final @Nullable String mode;
    private final @Nullable String parameter;

    /**
     * @param capabilities that both sides switch on, with blanks between them
     * @param mode value of the migration parameter {@code mode}; null for the default
     * @param parameter another migration parameter that it needs; null if it needs none
     */
    QemuMode(String label, Ram ram, String capabilities, @Nullable String mode, @Nullable String parameter) {
        this.label = label;
        this.ram = ram;
        this.capabilities = capabilities;
        this.mode = mode;
        this.parameter = parameter;
    }

    Ram ram() {
        return ram;
    }

    List<String> capabilities() {
        return capabilities.isEmpty() ? List.of() : List.of(capabilities.split(" ", -1));
    }

    @Nullable
    String mode() {
        return mode;
    }

    @Nullable
    String parameter() {
        return parameter;
    }

    /** Whether QEMU decides when to pause the guest, so that its downtime limit counts. */
    public boolean hasDowntimeLimit() {
        return this == PRECOPY || this == MULTIFD || this == IGNORE_SHARED;
    }

    /** Whether the guest's pages are there twice for a while: in both processes, or in one and in a file. */
    public boolean copies() {
        return ram == Ram.MEMFD_EACH;
    }

    /** Whether the old process ends before the new one reads its state, from a file. */
    public boolean restarts() {
        return this == CPR_EXEC || this == CPR_REBOOT || this == MAPPED_RAM;
    }

    /** What guest RAM lies in, as reports write it. */
    public String backing() {
        return ram == Ram.FILE_SHARED ? "file" : "memfd";
    }

    /** The name in options and reports. */
    @Override
    public String toString() {
        return label;
    }
}
