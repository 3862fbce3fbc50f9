package io.pageflip.kernel;

/**
 * The modelled kernel would crash here: a {@code BUG_ON}, or a walk off its own tables. The model releases nothing any
 * more.
 */
public final class KernelBugException extends IllegalStateException {
    private static final long serialVersionUID = 1;

    KernelBugException(String message) {
        super(message);
    }
}
