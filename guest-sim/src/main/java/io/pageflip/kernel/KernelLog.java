package io.pageflip.kernel;

/** Counts the warnings of the modelled kernel, and the defects that it does not notice. Not thread-safe. */
public final class KernelLog {
    private final Counters<Warning> warnings = new Counters<>(Warning.class);
    private final Counters<Defect> defects = new Counters<>(Defect.class);

    KernelLog() {}

    void warn(Warning warning) {
        warnings.add(warning, 1);
    }

    void record(Defect defect) {
        defects.add(defect, 1);
    }

    /** How often the kernel printed the warning. */
    public long count(Warning warning) {
        return warnings.get(warning);
    }

    /** How often the defect occurred. */
    public long count(Defect defect) {
        return defects.get(defect);
    }
}
