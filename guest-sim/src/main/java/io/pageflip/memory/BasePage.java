package io.pageflip.memory;

/** The base page, as the kernel calls the smallest page that it maps: 4 KiB on every host that pageflip runs on. */
public final class BasePage {
    /** Bytes in a base page. */
    public static final int BYTES = 4096;

    private BasePage() {}
}
