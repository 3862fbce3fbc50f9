package io.pageflip.qemu;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.pageflip.heartbeat.GuestInfo;
import io.pageflip.metrics.PeerText;
import io.pageflip.observer.GuestRam;
import io.pageflip.observer.MigrationWatch;
import io.pageflip.observer.Seen;
import io.pageflip.os.HostLacksException;
import io.pageflip.os.MemFd;
import io.pageflip.os.NanoClock;
import io.pageflip.os.NativeBuffer;
import io.pageflip.os.Pause;
import io.pageflip.os.Proc;
import io.pageflip.os.WaitGuard;
import io.pageflip.qmp.QmpClient;
import io.pageflip.qmp.QmpEvent;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;

/**
 * One migration of a real QEMU with our guest: starts both processes, migrates in one mode, watches the guest from
 * outside, has it check itself, and leaves nothing behind. Used by one thread.
 */
public final class QemuMigration {
    /** The machine's own gaps are watched for so long, before the migration begins. */
    private static final long CALM_NS = 300_000_000;

    private static final long NS_PER_S = 1_000_000_000;
    private static final long NS_PER_MS = 1_000_000;
    private static final long NS_PER_US = 1_000;
    private static final long PAUSE_NS = 10_000_000;
    private static final long BYTES_PER_S_READY = 64 << 20;
    private static final long READY_NS = 60 * NS_PER_S;
    private static final long UNLIMITED = 1L << 42;

    /** Bytes a second that cross before the postcopy begins, which is at once: they must not be all. */
    private static final long BEFORE_POSTCOPY = 32 << 20;

    private static final long SHORTEST_RATE_NS = 10_000_000;
    private static final int MULTIFD_CHANNELS = 2;
    private static final Set<String> FAILED = Set.of("failed", "cancelled", "postcopy-paused");
    private static final String MIGRATE = "migrate";
    private static final String SET_PARAMETERS = "migrate-set-parameters";

    private final QemuSettings settings;
    private final WaitGuard guard;
    private final NanoClock clock;
    private final long guest = new SecureRandom().nextLong() | 1; // not 0
    private final long readyNs;
    private final NativeBuffer page = NativeBuffer.allocate(GuestInfo.BYTES);
    private final List<Integer> processes = new CopyOnWriteArrayList<>();

    /** @param guard asked several times a second while anything is waited for; throws if somebody has cancelled */
    public QemuMigration(QemuSettings settings, WaitGuard guard, NanoClock clock) {
        this.settings = settings;
        this.guard = guard;
        this.clock = clock;
        this.readyNs = READY_NS + settings.guest().ramBytes() / BYTES_PER_S_READY * NS_PER_S;
    }

    /** Why the files that a migration writes have no room on this host; null if they have. */
    public static @Nullable String whyNoRoom(QemuSettings settings) {
        if (settings.fileBytes() == 0) {
            return null;
        }
        try {
            QemuFolder.create(settings.fileBytes()).close();
            return null;
        } catch (HostLacksException e) {
            return e.getMessage();
        }
    }

    /**
     * Runs the migration. Whatever goes wrong is a result: a QEMU that refuses, dies or does not answer, no room for
     * files, or that somebody has cancelled.
     */
    public QemuResult run() throws InterruptedException {
        try (QemuFolder folder = QemuFolder.create(settings.fileBytes());
                MigrationWatch watch = MigrationWatch.before(() -> processes, settings.observerPercent(), clock);
                Run run = new Run(folder, watch)) {
            try {
                return run.migrate();
            } catch (IOException e) {
                return QemuResult.failed(run.explain(e));
            }
        } catch (IOException e) {
            return QemuResult.failed(String.valueOf(e.getMessage()));
        }
    }

    /** Runs the migration, and samples its memory, which disturbs it: its times do not count. */
    public QemuMemory runForMemory() throws InterruptedException {
        try (PeakMemory memory = new PeakMemory(() -> processes)) {
            QemuResult result = run();
            String failure = result.failure();
            return new QemuMemory(failure == null ? memory.peakBytes() : null, failure);
        }
    }

    /** What one run has open. */
    private final class Run implements AutoCloseable {
        private final QemuFolder folder;
        private final MigrationWatch watch;
        private final Path image;
        private final Path mainSocket;
        private final Path cprSocket;
        private final Path stateFile;
        private final @Nullable MemFd ramFile;
        private final List<QemuProcess> started = new ArrayList<>();
        private final List<GuestRam> rams = new ArrayList<>();
        private @Nullable QmpClient source;
        private @Nullable QmpClient destination;
        private @Nullable QemuProcess quits;
        private boolean explains;

        Run(QemuFolder folder, MigrationWatch watch) throws IOException {
            this.folder = folder;
            this.watch = watch;
            this.image = folder.path("guest.bin");
            this.mainSocket = folder.path("main.sock");
            this.cprSocket = folder.path("cpr.sock");
            this.stateFile = folder.path("state");
            QemuGuest.write(image, guest, settings.guest());
            // Not a file with a name: it would stay if this process were killed.
            this.ramFile = settings.mode().ram() == QemuMode.Ram.FILE_SHARED
                    ? MemFd.create("qemu", settings.guest().ramBytes(), false)
                    : null;
        }

        QemuResult migrate() throws IOException, InterruptedException {
            QemuProcess old = start("source", List.of());
            QmpClient from = old.connect(socket("source"), clock, this::check, readyNs);
            source = from;
            GuestRam ram = awaitGuest(old);
            awaitWatched(ram);
            long rateBefore = rate(ram, CALM_NS);
            if (ram.word(QemuGuest.BAD) != 0) {
                throw new IOException("the guest found a bad page before it migrated");
            }
            watch.begin();
            long beginNs = clock.nanoTime();
            JsonNode figures = cross(old, from);
            QmpClient to = Objects.requireNonNull(destination);
            GuestRam newRam = awaitRunning(started.get(started.size() - 1));
            long wallNs = clock.nanoTime() - beginNs;
            watch.awaitArrival();
            long afterNs = (long) (settings.runAfterS() * NS_PER_S);
            long rateAfter = rate(newRam, afterNs);
            QmpEvent stop = from.event(event -> event.name().equals("STOP"));
            QmpEvent resume = to.event(event -> event.name().equals("RESUME"));
            Seen seen = watch.end(time(stop), time(resume == null ? stop : resume));
            return new QemuResult(
                    "completed",
                    milliseconds(figures.path("downtime")),
                    stop == null || resume == null ? null : (resume.timeUs() - stop.timeUs()) * NS_PER_US,
                    number(figures.path("total-time")),
                    wallNs,
                    number(figures.at("/ram/transferred")),
                    rateBefore,
                    afterNs < SHORTEST_RATE_NS ? null : rateAfter,
                    seen,
                    settings.verify() ? checkPages(newRam) : foundUnasked(newRam),
                    null);
        }

        // Both processes.

        private QemuProcess start(String name, List<String> incoming) throws IOException {
            QemuProcess process = QemuProcess.start(commandLine(name, incoming), folder.path(name + ".err"));
            started.add(process);
            processes.add(process.pid());
            return process;
        }

        private Path socket(String name) {
            return folder.path(name + ".qmp");
        }

        private List<String> commandLine(String name, List<String> incoming) {
            boolean cpr = settings.mode().ram() == QemuMode.Ram.MEMFD_SHARED;
            String size = Long.toString(settings.guest().ramBytes());
            String ram = ramFile == null
                    ? "memory-backend-memfd,id=ram,size=" + size + ",share=on"
                    : "memory-backend-file,id=ram,size=" + size + ",share=on,mem-path=/proc/" + Proc.pid() + "/fd/"
                            + ramFile.fd().number();
            List<String> line = new ArrayList<>(List.of(
                    settings.binary().program(),
                    "-accel",
                    settings.accelerator(),
                    "-machine",
                    "pc,memory-backend=ram" + (cpr ? ",aux-ram-share=on" : ""),
                    "-m",
                    "size=" + (settings.guest().ramBytes() >> 20) + "M",
                    "-smp",
                    "1",
                    "-object",
                    ram,
                    "-nodefaults",
                    "-display",
                    "none",
                    "-no-reboot",
                    "-kernel",
                    image.toString(),
                    "-qmp",
                    QemuProcess.server(socket(name))));
            incoming.forEach(each -> line.addAll(List.of("-incoming", each)));
            line.addAll(settings.arguments());
            return line;
        }

        private QmpClient startIncoming() throws IOException, InterruptedException {
            QemuProcess process = start("destination", List.of("defer"));
            QmpClient to = process.connect(socket("destination"), clock, this::check, readyNs);
            destination = to;
            watch.awaitMemoryOf(process.pid());
            return to;
        }

        /** Whether there is anything to wait for: nobody has cancelled, no QEMU has died, no migration has failed. */
        private void check() throws IOException {
            guard.check();
            if (explains) {
                return;
            }
            for (QemuProcess process : started) {
                if (process != quits) {
                    process.requireAlive();
                }
            }
            for (QmpClient client : new QmpClient[] {source, destination}) {
                QmpEvent failed = client == null
                        ? null
                        : client.event(event -> event.name().equals("MIGRATION")
                                && FAILED.contains(event.data().path("status").asText()));
                if (failed != null) {
                    throw new IOException("QEMU's migration is "
                            + failed.data().path("status").asText());
                }
            }
        }

        // The modes.

        /** Migrates; returns the answer of {@code query-migrate} that has the figures. */
        private JsonNode cross(QemuProcess old, QmpClient from) throws IOException, InterruptedException {
            return switch (settings.mode()) {
                case PRECOPY, MULTIFD, IGNORE_SHARED, POSTCOPY, STOP_COPY -> crossByStream(from);
                case CPR_TRANSFER -> crossByTransfer(from);
                case CPR_EXEC -> crossByExecution(old, from);
                case CPR_REBOOT, MAPPED_RAM -> crossByFile(old, from);
            };
        }

        private JsonNode crossByStream(QmpClient from) throws IOException, InterruptedException {
            QmpClient to = startIncoming();
            setCapabilities(from);
            setCapabilities(to);
            setParameters(from, true);
            setParameters(to, false);
            to.execute("migrate-incoming", object().put("uri", "unix:" + mainSocket));
            if (settings.mode() == QemuMode.STOP_COPY) {
                from.execute("stop");
            }
            from.execute(MIGRATE, object().put("uri", "unix:" + mainSocket));
            if (settings.mode() == QemuMode.POSTCOPY) {
                // At once, so that next to nothing crosses before: QEMU 11.1.3 without KVM loses some of what the guest
                // writes to a page that has crossed.
                from.execute("migrate-start-postcopy");
            }
            requireCompleted(from);
            requireCompleted(to);
            if (settings.mode() == QemuMode.POSTCOPY
                    && from.event(event -> event.is("MIGRATION", "status", "postcopy-active")) == null) {
                throw new IOException("all pages had crossed before the postcopy could begin; use more RAM");
            }
            if (settings.mode() == QemuMode.STOP_COPY) {
                to.execute("cont");
            }
            return from.execute("query-migrate");
        }

        private JsonNode crossByTransfer(QmpClient from) throws IOException, InterruptedException {
            QemuProcess process = start(
                    "destination",
                    List.of(
                            channel("main", mainSocket).toString(),
                            channel("cpr", cprSocket).toString()));
            awaitSocket(cprSocket);
            setCapabilities(from);
            setParameters(from, true);
            ObjectNode arguments = object();
            arguments.putArray("channels").add(channel("main", mainSocket)).add(channel("cpr", cprSocket));
            from.send(MIGRATE, arguments);
            // At once: what happens before somebody is connected, nobody is told.
            destination = process.connect(socket("destination"), clock, this::check, readyNs);
            from.reply(MIGRATE);
            requireCompleted(from);
            return from.execute("query-migrate");
        }

        private JsonNode crossByExecution(QemuProcess old, QmpClient from) throws IOException, InterruptedException {
            setCapabilities(from);
            ObjectNode command = object().put("mode", settings.mode().mode());
            commandLine("destination", List.of("file:" + stateFile)).forEach(command.putArray("cpr-exec-command")::add);
            from.execute(SET_PARAMETERS, command);
            from.execute(MIGRATE, object().put("uri", "file:" + stateFile));
            from.awaitEnd();
            source = null;
            QmpClient to = old.connect(socket("destination"), clock, this::check, readyNs);
            destination = to;
            return to.execute("query-migrate");
        }

        private JsonNode crossByFile(QemuProcess old, QmpClient from) throws IOException, InterruptedException {
            setCapabilities(from);
            setParameters(from, true);
            if (settings.mode() == QemuMode.MAPPED_RAM) {
                from.execute("stop");
            }
            from.execute(MIGRATE, object().put("uri", "file:" + stateFile));
            requireCompleted(from);
            JsonNode figures = from.execute("query-migrate");
            quits = old;
            from.execute("quit");
            long untilNs = clock.nanoTime() + readyNs;
            while (old.isAlive()) {
                waitFor("QEMU was told to quit, and does not", untilNs);
            }
            source = null;
            rams.forEach(GuestRam::close);
            rams.clear();
            QmpClient to = startIncoming();
            setCapabilities(to);
            setParameters(to, false);
            to.execute("migrate-incoming", object().put("uri", "file:" + stateFile));
            requireCompleted(to);
            if (!"running".equals(to.execute("query-status").path("status").asText())) {
                to.execute("cont");
            }
            return figures;
        }

        private void setCapabilities(QmpClient client) throws IOException, InterruptedException {
            ObjectNode arguments = object();
            var list = arguments.putArray("capabilities");
            list.addObject().put("capability", "events").put("state", true);
            settings.mode()
                    .capabilities()
                    .forEach(each -> list.addObject().put("capability", each).put("state", true));
            client.execute("migrate-set-capabilities", arguments);
        }

        private void setParameters(QmpClient client, boolean sends) throws IOException, InterruptedException {
            ObjectNode parameters =
                    object().put("max-bandwidth", settings.mode() == QemuMode.POSTCOPY ? BEFORE_POSTCOPY : UNLIMITED);
            if (settings.mode().mode() != null && settings.mode() != QemuMode.CPR_EXEC) {
                parameters.put("mode", settings.mode().mode());
            }
            if (settings.mode() == QemuMode.MULTIFD) {
                parameters.put("multifd-channels", MULTIFD_CHANNELS);
            }
            if (sends && settings.downtimeLimitMs() != null) {
                parameters.put("downtime-limit", settings.downtimeLimitMs());
            }
            client.execute(SET_PARAMETERS, parameters);
        }

        private void requireCompleted(QmpClient client) throws IOException, InterruptedException {
            client.awaitEvent("the end of the migration", event -> event.is("MIGRATION", "status", "completed"));
        }

        // The guest.

        private GuestRam awaitGuest(QemuProcess process) throws IOException, InterruptedException {
            long untilNs = clock.nanoTime() + readyNs;
            while (true) {
                GuestRam ram = GuestRam.find(process.pid(), guest);
                if (ram != null) {
                    rams.add(ram);
                    return ram;
                }
                waitFor("the guest did not start", untilNs);
            }
        }

        private void awaitWatched(GuestRam ram) throws IOException, InterruptedException {
            long untilNs = clock.nanoTime() + readyNs;
            long before = ram.beats(page);
            while (!watch.hasFound() || ram.beats(page) <= before) {
                waitFor("the guest's heart does not beat", untilNs);
            }
        }

        /** Waits until the guest's heart beats on in the process, and returns its RAM there. */
        private GuestRam awaitRunning(QemuProcess process) throws IOException, InterruptedException {
            GuestRam ram = awaitGuest(process);
            long before = ram.beats(page);
            long untilNs = clock.nanoTime() + readyNs;
            while (ram.beats(page) <= before) {
                waitFor("the guest does not run at the destination", untilNs);
            }
            return ram;
        }

        /** Lets time pass, and returns the pages that the guest wrote a second meanwhile. */
        private long rate(GuestRam ram, long ns) throws IOException, InterruptedException {
            long startNs = clock.nanoTime();
            long written = ram.word(QemuGuest.WRITTEN);
            while (clock.nanoTime() - startNs < ns) {
                waitFor("QEMU ended", Long.MAX_VALUE);
            }
            long tookNs = Math.max(1, clock.nanoTime() - startNs);
            return Math.round((double) (ram.word(QemuGuest.WRITTEN) - written) * NS_PER_S / tookNs);
        }

        private QemuResult.SelfCheck checkPages(GuestRam ram) throws IOException, InterruptedException {
            long wanted = ram.word(QemuGuest.CHECKED) + 1;
            ram.setWord(QemuGuest.REQUESTED, wanted);
            long untilNs = clock.nanoTime() + readyNs;
            while (ram.word(QemuGuest.CHECKED) != wanted) {
                waitFor("the guest did not check itself", untilNs);
            }
            return found(ram);
        }

        /** A guest that happened to come across a bad page; null if it did not. */
        private QemuResult.@Nullable SelfCheck foundUnasked(GuestRam ram) {
            QemuResult.SelfCheck found = found(ram);
            return found.badPages() == 0 ? null : found;
        }

        private static QemuResult.SelfCheck found(GuestRam ram) {
            long bad = ram.word(QemuGuest.BAD);
            return new QemuResult.SelfCheck(bad == 0 ? "match" : "mismatch", bad, ram.word(QemuGuest.FIRST_BAD));
        }

        private void awaitSocket(Path socket) throws IOException, InterruptedException {
            long untilNs = clock.nanoTime() + readyNs;
            while (!Files.exists(socket)) {
                waitFor("QEMU does not listen at " + socket.getFileName(), untilNs);
            }
        }

        private void waitFor(String failure, long untilNs) throws IOException, InterruptedException {
            check();
            if (clock.nanoTime() >= untilNs) {
                throw new IOException(failure);
            }
            Pause.ofNs(PAUSE_NS);
        }

        /** The failure, with QEMU's own reason, and the last words of its processes. */
        String explain(IOException failure) throws InterruptedException {
            explains = true;
            StringBuilder message = new StringBuilder(String.valueOf(failure.getMessage()));
            for (QmpClient client : new QmpClient[] {source, destination}) {
                if (client != null && !client.hasEnded()) {
                    try {
                        String why = client.execute("query-migrate")
                                .path("error-desc")
                                .asText();
                        message.append(why.isEmpty() ? "" : ": " + PeerText.printable(why));
                    } catch (IOException e) {
                        failure.addSuppressed(e);
                    }
                }
            }
            for (QemuProcess process : started) {
                String words = process.lastWords();
                if (words != null && message.indexOf(words) < 0) {
                    message.append("; QEMU said: ").append(words);
                }
            }
            return message.toString();
        }

        @Override
        public void close() {
            started.forEach(QemuProcess::close);
            rams.forEach(GuestRam::close);
            if (ramFile != null) {
                ramFile.close();
            }
        }
    }

    private static ObjectNode channel(String kind, Path socket) {
        ObjectNode channel = object().put("channel-type", kind);
        channel.putObject("addr").put("transport", "socket").put("type", "unix").put("path", socket.toString());
        return channel;
    }

    private static ObjectNode object() {
        return JsonNodeFactory.instance.objectNode();
    }

    private static @Nullable Long number(JsonNode value) {
        return value.isNumber() ? value.asLong() : null;
    }

    private static @Nullable Long milliseconds(JsonNode value) {
        return value.isNumber() ? value.asLong() * NS_PER_MS : null;
    }

    /** When an event happened, by CLOCK_MONOTONIC; 0 if it did not. */
    private static long time(@Nullable QmpEvent event) {
        return event == null ? 0 : event.timeUs() * NS_PER_US - Proc.realtimeOffsetNs();
    }
}
