package io.pageflip.os;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.lang.reflect.Field;
import java.lang.reflect.InaccessibleObjectException;

/**
 * The standard output that this process was given. It need not be descriptor 1, to which the JVM itself and its agents
 * print; see {@link JavaProcess#OUTPUT}. Any thread may call it.
 */
public final class ProcessOutput {
    private ProcessOutput() {}

    /** The number of its descriptor. */
    public static int number() {
        return Integer.getInteger(JavaProcess.OUTPUT, 1);
    }

    /**
     * A stream that writes to it. Nobody need close it.
     *
     * @throws IOException if it cannot be opened
     */
    public static FileOutputStream open() throws IOException {
        if (number() == 1) {
            return new FileOutputStream(FileDescriptor.out);
        }
        try {
            FileDescriptor descriptor = new FileDescriptor();
            Field field = FileDescriptor.class.getDeclaredField("fd");
            field.setAccessible(true);
            field.setInt(descriptor, number());
            return new FileOutputStream(descriptor);
        } catch (ReflectiveOperationException | InaccessibleObjectException e) {
            // Not started with "java -jar", whose manifest opens java.io: an agent, whose output is a pipe of ours. A
            // pipe can be opened again; a file would get another offset.
            return new FileOutputStream("/proc/self/fd/" + number());
        }
    }
}
