package io.pageflip.kernel;

import java.util.EnumMap;
import java.util.Map;

/**
 * Hazards that strike once each, the next time that the code gives them a chance; each may do something of its own,
 * too.
 */
final class ScriptedHazards implements Hazards {
    private final Map<Hazard, Runnable> script = new EnumMap<>(Hazard.class);

    void next(Hazard hazard) {
        next(hazard, () -> {});
    }

    void next(Hazard hazard, Runnable action) {
        script.put(hazard, action);
    }

    void clear() {
        script.clear();
    }

    @Override
    public boolean strikes(Hazard hazard) {
        Runnable action = script.remove(hazard);
        if (action != null) {
            action.run();
        }
        return action != null;
    }
}
