package io.pageflip.guest;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/**
 * The virtual machines of this process, for whoever has to end the process at once: does a guest end with it? Any
 * thread may ask.
 */
public final class GuestsHere {
    private static final List<VirtualMachine> MACHINES = new CopyOnWriteArrayList<>();

    private GuestsHere() {}

    static void add(VirtualMachine machine) {
        MACHINES.add(machine);
    }

    static void remove(VirtualMachine machine) {
        MACHINES.remove(machine);
    }

    /**
     * Whether a guest is lost if this process ends now: one that has run, that this process owns, and whose state no
     * other agent can load.
     */
    public static boolean anyEndsWithThisProcess() {
        for (VirtualMachine machine : MACHINES) {
            if (machine.endsWithThisProcess()) {
                return true;
            }
        }
        return false;
    }
}
