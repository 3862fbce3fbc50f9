package io.pageflip.destination;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pageflip.agent.AgentContext;
import io.pageflip.agent.GuestLostException;
import io.pageflip.agent.MigrationControl;
import io.pageflip.channel.Cancellation;
import io.pageflip.channel.StreamReader;
import io.pageflip.metrics.Progress;
import io.pageflip.os.Fd;
import io.pageflip.postcopy.PageSource;
import io.pageflip.postcopy.PostcopyFigures;
import io.pageflip.postcopy.RemainingPages;
import io.pageflip.scenario.ScriptedFault;
import io.pageflip.wire.Message;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/**
 * What the destination does from the switchover of a postcopy until the last page is here, and what it says if that
 * never comes.
 */
final class RemainingPagesWaitTest {
    private static final long MS = 1_000_000;
    private static final int EPOCH = 2;
    private static final long RECOVER_NS = 2_000 * MS;
    private static final PostcopyFigures FIGURES = new PostcopyFigures(true, 1, 2, 3, 4, 0, 5);

    private final List<String> events = new ArrayList<>();
    private final Pages pages = new Pages();
    private final Memory memory = new Memory();
    private final Link link = new Link();
    private final Cancellation cancellation = new Cancellation();
    private final Progress progress = new Progress();
    private long[] firstBeatsNs = {1, 1};
    private @Nullable IOException vcpuFailure;
    private long nowNs = 100;

    private final AgentContext<DestinationState> context = new AgentContext<>(
                    "destination",
                    DestinationState.COMPLETED,
                    ScriptedFault.NONE,
                    () -> {},
                    new MigrationControl(cancellation),
                    progress,
                    () -> nowNs)
            .observedBy(step -> events.add(step.toString()));
    private final VcpuWatch vcpus = new VcpuWatch() {
        @Override
        public long[] firstBeatsNs() {
            events.add("beats?");
            return firstBeatsNs;
        }

        @Override
        public void check() throws IOException {
            if (vcpuFailure != null) {
                throw vcpuFailure;
            }
        }
    };
    private final SourceRecovery recovery =
            new SourceRecovery(link, memory, pages, vcpus, new SourceRecovery.Terms(EPOCH, RECOVER_NS), context);
    private final RemainingPagesWait pulled = new PulledPagesWait(pages, vcpus, recovery, context);
    private final RemainingPagesWait flipped = new FlippedPagesWait(pages, vcpus);

    /** Ten pages, which come when the test says so. */
    private final class Pages implements RemainingPages {
        private @Nullable Runnable listener;
        private long mapped;
        private boolean done;
        private @Nullable Throwable failure;
        private @Nullable IOException finishFailure;

        /** So many are here. */
        void come(long count) {
            mapped = count;
            done = mapped == dataPages();
            if (listener != null) {
                listener.run();
            }
        }

        void fail(@Nullable Throwable why) {
            failure = why;
            done = true;
        }

        @Override
        public void start(Runnable told) {
            events.add("start");
            listener = told;
        }

        @Override
        public boolean isDone() {
            return done;
        }

        @Override
        public boolean isComplete() {
            return done && mapped == dataPages();
        }

        @Override
        public @Nullable Throwable failure() {
            return failure;
        }

        @Override
        public long mappedPages() {
            return mapped;
        }

        @Override
        public long dataPages() {
            return 10;
        }

        @Override
        public PostcopyFigures finish() throws IOException {
            if (finishFailure != null) {
                throw finishFailure;
            }
            return FIGURES;
        }
    }

    /** The source's. */
    private final class Memory implements PageSource {
        private boolean alive = true;
        private long pagesReadAlready;

        @Override
        public boolean isAlive() {
            return alive;
        }

        @Override
        public void pause() {
            events.add("pause");
        }

        @Override
        public void open() {
            events.add("open");
        }

        @Override
        public void shut(String reason) {
            events.add("shut: " + reason);
            pages.come(pages.mapped + pagesReadAlready);
            pages.done = true;
        }
    }

    /** To a source that connects again after so many slices of waiting; in each of them something may happen. */
    private final class Link implements SourceLink {
        private boolean connected = true;
        private int slices = Integer.MAX_VALUE;
        private @Nullable IOException deaf;
        private int brokenAnswers;
        private Runnable meanwhile = () -> {};

        @Override
        public boolean isConnected() {
            return connected;
        }

        @Override
        public void send(Message message) throws IOException {
            events.add("send " + message);
            if (brokenAnswers > 0) {
                brokenAnswers--;
                connected = false;
                throw new IOException("broken again");
            }
        }

        @Override
        public Recovery listenAgain(int ownerEpoch) throws IOException {
            events.add("listen " + ownerEpoch);
            if (deaf != null) {
                throw deaf;
            }
            return new Recovery() {
                private int waited;

                @Override
                public boolean accept(int millis) {
                    nowNs += millis * MS;
                    meanwhile.run();
                    connected = ++waited > slices;
                    return connected;
                }

                @Override
                public void close() {
                    events.add("deaf");
                }
            };
        }

        @Override
        public Message.Hello hello() {
            throw new UnsupportedOperationException();
        }

        @Override
        public List<Fd> openFiles() {
            throw new UnsupportedOperationException();
        }

        @Override
        public StreamReader stream() {
            throw new UnsupportedOperationException();
        }

        @Override
        public void limitPreparation(long seconds) {
            throw new UnsupportedOperationException();
        }

        @Override
        public void limitSilence(int seconds) {
            throw new UnsupportedOperationException();
        }

        @Override
        public void check() {
            throw new UnsupportedOperationException();
        }

        @Override
        public void drop() {
            throw new UnsupportedOperationException();
        }

        @Override
        public void close() {
            throw new UnsupportedOperationException();
        }
    }

    /** Starts, and waits; between looks, one after the other of these happens. */
    private static @Nullable PostcopyFigures awaited(RemainingPagesWait wait, Runnable... happenings)
            throws IOException {
        Iterator<Runnable> next = List.of(happenings).iterator();
        wait.start();
        return wait.awaitLastPage(() -> {
            assertThat(next.hasNext()).as("it waits on").isTrue();
            next.next().run();
        });
    }

    private static void assertLost(ThrowingCallable waiting, String why) {
        assertThatThrownBy(waiting)
                .isInstanceOf(GuestLostException.class)
                .hasMessage("the guest is lost: " + why + " of 10 pages still in its memory");
    }

    private void breaks() {
        link.connected = false;
    }

    @Test
    void flipsNeedNoSource() throws IOException {
        breaks();

        flipped.awaitFirstBeats();
        PostcopyFigures figures = awaited(flipped, () -> pages.come(5), () -> pages.come(10));

        assertThat(figures).isEqualTo(FIGURES);
        assertThat(events).containsExactly("start");
    }

    @Test
    void theKernelMapsWhatFlipsThatFailedHaveLeft() throws IOException {
        pages.finishFailure = new IOException("no memory");

        assertThat(awaited(flipped, () -> pages.fail(new IOException("no memory"))))
                .isNull();
    }

    @Test
    void pulledPagesAreCounted() throws IOException {
        PostcopyFigures figures = awaited(
                pulled,
                () -> pages.come(1),
                () -> {
                    assertThat(progress.phase()).isEqualTo(Progress.Phase.POSTCOPY_ACTIVE);
                    assertThat(progress.donePages()).isEqualTo(1);
                    assertThat(progress.totalPages()).isEqualTo(10);
                    pages.come(5);
                },
                () -> pages.come(10));

        assertThat(figures).isEqualTo(FIGURES);
        assertThat(events).containsExactly("start", "first-pages", "half-pages");
        assertThat(pulled.recoveries()).isZero();
        assertThat(pulled.pausedNs()).isZero();
    }

    @Test
    void nothingIsFetchedUntilTheSourceHasConnectedAgain() throws IOException {
        link.slices = 3;
        link.meanwhile = () -> assertThat(progress.phase()).isEqualTo(Progress.Phase.POSTCOPY_PAUSED);

        awaited(pulled, () -> pages.come(4), this::breaks, () -> pages.come(10));

        assertThat(events)
                .containsExactly(
                        "start",
                        "first-pages",
                        "pause",
                        "paused",
                        "listen 2",
                        "deaf",
                        "recover",
                        "send " + new Message.Resumed(EPOCH),
                        "open",
                        "half-pages");
        assertThat(pulled.recoveries()).isEqualTo(1);
        assertThat(pulled.pausedNs()).isEqualTo(4 * 20 * MS);
        assertThat(progress.phase()).isEqualTo(Progress.Phase.POSTCOPY_ACTIVE);
        assertThat(progress.donePages()).isEqualTo(10);
    }

    @Test
    void aConnectionMayBreakAgainBeforeTheAnswer() throws IOException {
        link.slices = 0;
        link.brokenAnswers = 1;

        awaited(pulled, this::breaks, () -> {}, () -> pages.come(10));

        assertThat(pulled.recoveries()).isEqualTo(2);
        assertThat(pulled.pausedNs()).isEqualTo(2 * 20 * MS);
    }

    @Test
    void aSourceThatDiesLosesTheGuest() {
        memory.alive = false;

        assertLost(() -> awaited(pulled, () -> pages.come(7), this::breaks), "the source died, with 3");
        assertThat(events).contains("pause", "shut: the source died").doesNotContain("paused");
    }

    @Test
    void aSourceThatDiesAfterTheLastReadingLosesNothing() throws IOException {
        memory.alive = false;
        memory.pagesReadAlready = 3;

        assertThat(awaited(pulled, () -> pages.come(7), this::breaks, () -> {})).isEqualTo(FIGURES);
        assertThat(pulled.recoveries()).isZero();
    }

    @Test
    void aSourceThatDiesWhileItIsWaitedForLosesTheGuest() {
        link.meanwhile = () -> memory.alive = nowNs < 500 * MS;

        assertLost(() -> awaited(pulled, () -> pages.come(9), this::breaks), "the source died, with 1");
        assertThat(events).contains("paused", "deaf");
    }

    @Test
    void aSourceThatDoesNotComeBackInTimeLosesTheGuest() {
        assertLost(() -> awaited(pulled, this::breaks), "the source has not connected again within 2 s, with 10");
        assertThat(nowNs).isBetween(RECOVER_NS, RECOVER_NS + 100 * MS);
    }

    @Test
    void whoAsksForTheEndMeanwhileLosesTheGuest() {
        link.meanwhile = () -> cancellation.request("enough");

        assertLost(() -> awaited(pulled, this::breaks), "interrupted while the source was to connect again, with 10");
    }

    @Test
    void aSourceThatCannotConnectAgainLosesTheGuest() {
        link.deaf = new IOException("a shell pipe");

        assertLost(() -> awaited(pulled, this::breaks), "the source cannot connect again (a shell pipe), with 10");
    }

    @Test
    void aConnectionThatBreaksWhenEveryPageIsHereIsNotMissed() throws IOException {
        link.meanwhile = () -> pages.come(10);

        assertThat(awaited(pulled, this::breaks, () -> {})).isEqualTo(FIGURES);
        assertThat(events).contains("paused", "deaf").doesNotContain("recover", "open");
        assertThat(pulled.recoveries()).isZero();
    }

    @Test
    void aPageThatCannotBeHadLosesTheGuest() {
        assertLost(
                () -> awaited(pulled, () -> pages.come(9), () -> pages.fail(new IOException("EFAULT"))),
                "a page could not be had (EFAULT), with 1");
    }

    @Test
    void aPageThatCannotBeHadOfADeadSourceIsTheSourcesDeath() {
        memory.alive = false;

        assertLost(() -> awaited(pulled, () -> pages.fail(new IOException("ESRCH"))), "the source died, with 10");
    }

    @Test
    void anEndWithoutAReasonLosesTheGuestAllTheSame() {
        assertLost(() -> awaited(pulled, () -> pages.fail(null)), "nothing more was fetched, with 10");
    }

    @Test
    void aVcpuThatFailsIsNotWaitedFor() {
        assertThatThrownBy(() -> awaited(pulled, () -> vcpuFailure = new IOException("a vCPU failed")))
                .isSameAs(vcpuFailure)
                .hasMessage("a vCPU failed");
    }

    @Test
    void theFirstBeatsAreThoseOfAllVcpus() throws IOException {
        firstBeatsNs = new long[] {1, 0};
        link.slices = 0;
        link.meanwhile = () -> firstBeatsNs = new long[] {1, 1};
        breaks();

        pulled.awaitFirstBeats();

        assertThat(events).startsWith("beats?", "pause").endsWith("open", "beats?");
    }

    @Test
    void aFirstPageThatCannotBeHadLosesTheGuest() {
        firstBeatsNs = new long[] {0, 0};
        pages.fail(new IOException("EFAULT"));

        assertLost(pulled::awaitFirstBeats, "a page could not be had (EFAULT), with 10");
    }
}
