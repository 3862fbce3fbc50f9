package io.pageflip.kernel;

/** How often the modelled kernel warned, and how often it did wrong without noticing. Not thread-safe. */
public final class KernelLog {
    private final Counters<Warning> warnings = new Counters<>(Warning.class);
    private final Counters<Defect> defects = new Counters<>(Defect.class);

    KernelLog() {}

    void warn(Warning warning) {
        warnings.add(warning, 1);
    }

    void note(Defect defect) {
        defects.add(defect, 1);
    }

    /** How often the kernel printed this. */
    public long count(Warning warning) {
        return warnings.get(warning);
    }

    /** How often this went wrong. */
    public long count(Defect defect) {
        return defects.get(defect);
    }
}
