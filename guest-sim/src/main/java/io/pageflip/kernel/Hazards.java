package io.pageflip.kernel;

/**
 * Decides which {@link Hazard} strikes. The model asks at each point where one may, in the order in which the code gets
 * there.
 */
@FunctionalInterface
public interface Hazards {
    /** Nothing ever goes wrong. */
    Hazards NONE = hazard -> false;

    /** Whether {@code hazard} strikes this time. */
    boolean strikes(Hazard hazard);
}
