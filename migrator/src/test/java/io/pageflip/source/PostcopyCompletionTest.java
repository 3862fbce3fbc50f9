package io.pageflip.source;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pageflip.agent.GuestLostException;
import io.pageflip.channel.Cancellation;
import io.pageflip.channel.PeerGoneException;
import io.pageflip.channel.StreamWriter;
import io.pageflip.metrics.Progress;
import io.pageflip.os.Fd;
import io.pageflip.switchover.Ownership;
import io.pageflip.wire.Message;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** How long the source keeps pages of a guest that another agent runs. */
final class PostcopyCompletionTest {
    private static final long MS = 1_000_000;

    private final List<String> events = new ArrayList<>();
    private final Destination destination = new Destination();
    private final Link link = new Link();
    private final Progress progress = new Progress();
    private final Cancellation cancellation = new Cancellation();
    private long nowNs = 100;
    private int heldTries;

    private final PostcopyCompletion wait = new PostcopyCompletion(
            link,
            destination,
            2L << 30,
            progress,
            cancellation,
            () -> heldTries-- > 0,
            step -> events.add(step.toString()),
            () -> nowNs);

    /** Has the last page after so many looks at that, and can be reached again after so many tries. */
    private final class Destination implements PostcopyCompletion.Taken {
        private int looks = Integer.MAX_VALUE;
        private int tries = Integer.MAX_VALUE;
        private boolean dead;
        private int looksOnceDead = Integer.MAX_VALUE;
        private long tryNs;
        private long lookNs;
        private long recoverTimeoutNs = 30_000 * MS;

        @Override
        public long recoverTimeoutNs() {
            return recoverTimeoutNs;
        }

        @Override
        public boolean hasAllPages() {
            nowNs += lookNs;
            return looks-- <= 0;
        }

        @Override
        public boolean tryLock() {
            if (dead) {
                looks = looksOnceDead;
            }
            return dead;
        }

        @Override
        public boolean reconnect() {
            events.add("try");
            assertThat(progress.phase()).isEqualTo(Progress.Phase.POSTCOPY_PAUSED);
            nowNs += tryNs;
            link.connected = tries-- <= 0;
            return link.connected;
        }
    }

    private final class Link implements DestinationLink {
        private boolean connected = true;
        private @Nullable IOException unheard;

        @Override
        public void awaitResumed() throws IOException {
            if (unheard != null) {
                throw unheard;
            }
        }

        @Override
        public boolean isConnected() {
            return connected;
        }

        @Override
        public void drop() {
            events.add("drop");
            connected = false;
        }

        @Override
        public StreamWriter greet(Message.Hello hello, List<Fd> files) {
            throw new UnsupportedOperationException();
        }

        @Override
        public long awaitReady(long timeoutSeconds) {
            throw new UnsupportedOperationException();
        }

        @Override
        public void check() {
            throw new UnsupportedOperationException();
        }

        @Override
        public boolean recover(Ownership ownership) {
            throw new UnsupportedOperationException();
        }

        @Override
        public void cancel(String reason) {
            throw new UnsupportedOperationException();
        }

        @Override
        public Message.@Nullable Completed awaitCompleted() {
            throw new UnsupportedOperationException();
        }

        @Override
        public void close() {
            throw new UnsupportedOperationException();
        }
    }

    @Test
    void waitsUntilTheDestinationSaysThatItHasTheLastPage() throws IOException {
        destination.looks = 3;

        wait.await();

        assertThat(events).containsExactly("resumed", "last-page");
        assertThat(progress.phase()).isEqualTo(Progress.Phase.RUNNING);
    }

    @Test
    void aDestinationThatHasEverythingNeedsNoConnection() throws IOException {
        destination.looks = 0;
        link.connected = false;

        wait.await();

        assertThat(events).containsExactly("resumed", "last-page");
    }

    @ParameterizedTest
    @CsvSource({"true", "false"})
    void whoeverIsAskedToEndStaysForALimitedTime(boolean connected) {
        cancellation.request("the test wants it");
        link.connected = connected;
        destination.lookNs = 1000 * MS;

        assertThatThrownBy(wait::await)
                .isInstanceOf(GuestLostException.class)
                .hasMessage(
                        "the guest is lost: this source was asked to end, and within 7 s the destination did not say that it has the "
                                + "guest's last page");
    }

    @Test
    void whoeverIsAskedToEndWaitsForTheLastPage() throws IOException {
        cancellation.request("the test wants it");
        destination.looks = 3;

        wait.await();

        assertThat(progress.phase()).isEqualTo(Progress.Phase.RUNNING);
    }

    @Test
    void triesToConnectAgainUntilItCan() throws IOException {
        link.connected = false;
        destination.tries = 2;
        destination.looks = 5;

        wait.await();

        assertThat(events).containsExactly("resumed", "paused", "try", "try", "try", "recover", "last-page");
    }

    /** It is the peer's word. */
    @ParameterizedTest
    @ValueSource(longs = {0, -1, Long.MIN_VALUE})
    void aDestinationThatWaitsForNobodyIsTriedOnce(long recoverTimeoutNs) {
        link.connected = false;
        destination.recoverTimeoutNs = recoverTimeoutNs;
        destination.tryNs = MS;

        assertThatThrownBy(wait::await).isInstanceOf(GuestLostException.class).hasMessageEndingWith("within 0 s");
        assertThat(events).containsExactly("resumed", "paused", "try");
    }

    @Test
    void aDestinationThatWaitsForEverIsNotWaitedForSoLong() {
        link.connected = false;
        destination.recoverTimeoutNs = Long.MAX_VALUE;
        destination.tryNs = 600_000_000L * MS;

        assertThatThrownBy(wait::await).isInstanceOf(GuestLostException.class).hasMessageEndingWith("within 1000000 s");
    }

    @Test
    void whatCannotBeHeardIsANewConnectionsMatter() throws IOException {
        link.unheard = new PeerGoneException("the connection broke");
        destination.tries = 0;
        destination.looks = 2;

        wait.await();

        assertThat(events).containsExactly("drop", "paused", "try", "recover", "last-page");
    }

    @Test
    void aLastPageThatIsToldWhileTheConnectionIsBrokenEndsIt() throws IOException {
        link.connected = false;
        destination.looks = 3;

        wait.await();

        assertThat(events)
                .startsWith("resumed", "paused", "try")
                .endsWith("last-page")
                .doesNotContain("recover");
        assertThat(progress.phase()).isEqualTo(Progress.Phase.RUNNING);
    }

    @Test
    void aDestinationThatDiesHasLostTheGuest() {
        link.connected = false;
        destination.dead = true;

        assertThatThrownBy(wait::await)
                .isInstanceOf(GuestLostException.class)
                .hasMessage(
                        "the guest is lost: the destination took it and died, with pages of it still at the source");
        assertThat(events).containsExactly("resumed", "paused", "try");
    }

    @Test
    void aDestinationThatDiesWithTheLastPageHasLostNothingOfThis() throws IOException {
        link.connected = false;
        destination.dead = true;
        destination.looksOnceDead = 0;

        wait.await();

        assertThat(events).containsExactly("resumed", "paused", "try", "last-page");
    }

    /** The limit is the destination's own, whose word is taken within reason. */
    @ParameterizedTest
    @CsvSource({
        "30, 8, 30, 4",
        "100, 8, 100, 13",
        "1, 8, 1, 1",
        "0, 1, 0, 1",
        "-5, 1, 0, 1",
        "9000000000, 300000, 1000000, 4"
    })
    void aDestinationThatCannotBeReachedForAsLongAsItWaitsHasLostTheGuest(
            long limitS, long secondsATry, long toldS, int tries) {
        link.connected = false;
        destination.recoverTimeoutNs = limitS * 1_000 * MS;
        destination.tryNs = secondsATry * 1_000 * MS;

        assertThatThrownBy(wait::await)
                .isInstanceOf(GuestLostException.class)
                .hasMessage(
                        "the guest is lost: the connection broke with pages of it still at the source, which has not"
                                + " reached the destination again within " + toldS + " s");
        assertThat(events).startsWith("resumed", "paused").endsWith("try").hasSize(2 + tries);
    }
}
