package io.pageflip.os;

import com.sun.jna.Function;
import com.sun.jna.NativeLibrary;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * What {@code transfer.FaultServer} is compared with: the same thing in C, blocking, compiled with gcc where that is
 * installed.
 */
public final class FaultHandlerInC implements AutoCloseable {
    private static final String SOURCE = """
            #include <errno.h>
            #include <linux/userfaultfd.h>
            #include <poll.h>
            #include <sys/ioctl.h>
            #include <unistd.h>

            int serve(int uffd, int stop, unsigned long page_bytes)
            {
                struct pollfd fds[2] = {{.fd = uffd, .events = POLLIN}, {.fd = stop, .events = POLLIN}};
                for (;;) {
                    struct uffd_msg msgs[16];
                    ssize_t got = read(uffd, msgs, sizeof(msgs));
                    if (got < 0 && errno == EAGAIN) {
                        if (poll(fds, 2, -1) < 0 && errno != EINTR)
                            return errno;
                        if (fds[1].revents)
                            return 0;
                        continue;
                    }
                    if (got < 0)
                        return errno;
                    for (int i = 0; i < got / (ssize_t)sizeof(msgs[0]); i++) {
                        struct uffdio_continue c = {
                            .range = {.start = msgs[i].arg.pagefault.address & ~(page_bytes - 1), .len = page_bytes}};
                        if (ioctl(uffd, UFFDIO_CONTINUE, &c) < 0) {
                            if (errno != EEXIST)
                                return errno;
                            ioctl(uffd, UFFDIO_WAKE, &c.range);
                        }
                    }
                }
            }
            """;

    private final Pipe stop = Pipe.create();
    private final Thread thread;

    /** Serves the faults of {@code userfaultfd} from now on. */
    public FaultHandlerInC(Userfaultfd userfaultfd, int pageBytes) throws IOException, InterruptedException {
        Function serve = NativeLibrary.getInstance(compile().toString()).getFunction("serve");
        Object[] arguments = {userfaultfd.fd().number(), stop.readEnd().number(), (long) pageBytes};
        thread = new Thread(
                () -> {
                    int errno = serve.invokeInt(arguments);
                    if (errno != 0) {
                        throw new IllegalStateException("the handler in C ends: " + Errno.name(errno));
                    }
                },
                "fault-handler-in-c");
        thread.setDaemon(true);
        thread.start();
    }

    private static Path compile() throws IOException, InterruptedException {
        Path folder = Files.createTempDirectory("fault-handler");
        Path source = Files.writeString(folder.resolve("handler.c"), SOURCE);
        Path library = folder.resolve("handler.so");
        Process gcc = new ProcessBuilder("gcc", "-O2", "-shared", "-fPIC", "-o", library.toString(), source.toString())
                .inheritIO()
                .start();
        if (gcc.waitFor() != 0) {
            throw new IOException("gcc could not compile " + source);
        }
        library.toFile().deleteOnExit();
        source.toFile().deleteOnExit();
        return library;
    }

    @Override
    public void close() throws IOException {
        NativeBuffer one = NativeBuffer.allocate(1);
        stop.writeEnd().write(one, 0, 1);
        try {
            thread.join();
        } catch (InterruptedException e) {
            throw new IOException("interrupted while the handler in C was ending", e);
        }
        stop.close();
    }
}
