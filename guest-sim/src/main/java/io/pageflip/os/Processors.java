package io.pageflip.os;

import java.util.BitSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A set of processors, by the kernel's numbers. Immutable. */
public final class Processors {
    /** The kernel's own limit (CONFIG_NR_CPUS) is not higher. */
    private static final int MOST = 8192;

    private static final Pattern PART = Pattern.compile("(\\d{1,4})(?:-(\\d{1,4}))?");

    private final BitSet numbers;
    private final String list;

    private Processors(BitSet numbers, String list) {
        this.numbers = numbers;
        this.list = list;
    }

    /**
     * Reads a list as the kernel and taskset(1) write it, as {@code 0-3,8}.
     *
     * @throws IllegalArgumentException if it is none
     */
    public static Processors parse(String list) {
        BitSet numbers = new BitSet();
        for (String part : list.split(",", -1)) {
            Matcher matcher = PART.matcher(part);
            if (!matcher.matches()) {
                throw new IllegalArgumentException(list);
            }
            int first = Integer.parseInt(matcher.group(1));
            int last = matcher.group(2) == null ? first : Integer.parseInt(matcher.group(2));
            if (last < first || last >= MOST) {
                throw new IllegalArgumentException(list);
            }
            numbers.set(first, last + 1);
        }
        return new Processors(numbers, list);
    }

    /**
     * Has the calling thread, and the processes that it starts from now on, run on these alone.
     *
     * @throws SyscallException {@code EINVAL} if this host has none of them, or this process may use none
     */
    public void pin() throws SyscallException {
        byte[] bytes = numbers.toByteArray();
        NativeBuffer mask = NativeBuffer.allocate(MOST / Byte.SIZE);
        mask.bytes().put(0, bytes);
        SyscallException.check(Syscalls.LINUX.setAffinity(mask.length(), mask.address()), "sched_setaffinity " + list);
    }

    /** The list as it was read. */
    @Override
    public String toString() {
        return list;
    }
}
