package io.pageflip.kernel;

/**
 * Who decides which {@link Hazard} strikes. Called at each point where one may, in the order in which the code comes
 * there.
 */
@FunctionalInterface
public interface Hazards {
    /** Nothing ever goes wrong. */
    Hazards NONE = hazard -> false;

    /** Whether it strikes this time. */
    boolean strikes(Hazard hazard);
}
