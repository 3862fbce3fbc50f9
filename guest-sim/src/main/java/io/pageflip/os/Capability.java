package io.pageflip.os;

/**
 * One thing that a host can or cannot do, found by trying it.
 *
 * @param name in kebab-case, as {@code pageflip check} shows it
 * @param available whether it worked
 * @param detail what exactly works, or why nothing does; half a sentence, never empty
 */
public record Capability(String name, boolean available, String detail) {
    static Capability yes(String name, String detail) {
        return new Capability(name, true, detail);
    }

    static Capability no(String name, String cause) {
        return new Capability(name, false, cause);
    }
}
