package io.pageflip.ram;

import io.pageflip.memory.BasePage;
import io.pageflip.memory.PageRange;

/**
 * The description of a RAM block, which both agents must know.
 *
 * @param name of 1 to 32 characters; its memfd is called {@code pageflip:NAME}
 * @param lengthBytes as the guest sees it, 1 or more; not always whole pages
 */
public record BlockSpec(String name, long lengthBytes, Backing backing) {
    /** 2^46 bytes: half of what x86-64 gives a process. Keeps every product below within a long. */
    public static final long MAX_LENGTH = 1L << 46;

    public BlockSpec {
        if (!name.matches("[a-z0-9-]{1,32}")) {
            throw new IllegalArgumentException("no name of a RAM block: " + name);
        }
        if (lengthBytes < 1 || lengthBytes > MAX_LENGTH) {
            throw new IllegalArgumentException("RAM block " + name + " of " + lengthBytes + " bytes");
        }
    }

    public int pageBytes() {
        return backing.pageBytes();
    }

    /** Pages of the block, the last of which may be a part of one. */
    public long pages() {
        return (lengthBytes + pageBytes() - 1) / pageBytes();
    }

    /** Pages that lie in the block entirely. */
    public long wholePages() {
        return lengthBytes / pageBytes();
    }

    /** Bytes of address space: the length, rounded up to whole pages. */
    public long mappedBytes() {
        return pages() * pageBytes();
    }

    /** Bytes of pages {@code first} to {@code first + count} that belong to the guest. */
    public long bytesOf(long first, long count) {
        return Math.min(lengthBytes, (first + count) * pageBytes()) - first * pageBytes();
    }

    /** Bytes of these pages that belong to the guest. */
    public long bytesOf(PageRange range) {
        return bytesOf(range.first(), range.count());
    }

    /** 4 KiB pieces of content, each with a generation of its own in the {@code Oracle}. */
    public long oraclePages() {
        return (lengthBytes + BasePage.BYTES - 1) / BasePage.BYTES;
    }
}
