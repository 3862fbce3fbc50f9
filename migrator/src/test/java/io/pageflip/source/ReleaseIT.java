package io.pageflip.source;

import static org.assertj.core.api.Assertions.assertThat;

import io.pageflip.agent.MigrationControl;
import io.pageflip.channel.Cancellation;
import io.pageflip.channel.InactivityTimeout;
import io.pageflip.channel.PeerGoneException;
import io.pageflip.channel.StreamEnds;
import io.pageflip.channel.StreamReader;
import io.pageflip.channel.StreamWriter;
import io.pageflip.guest.GuestConfig;
import io.pageflip.guest.Workload;
import io.pageflip.metrics.MigrationStatus;
import io.pageflip.metrics.Owner;
import io.pageflip.metrics.Progress;
import io.pageflip.metrics.RunResult;
import io.pageflip.metrics.VerificationResult;
import io.pageflip.os.Fd;
import io.pageflip.os.Mapping;
import io.pageflip.os.NanoClock;
import io.pageflip.ram.Backing;
import io.pageflip.request.ChannelKind;
import io.pageflip.request.MigrationRequest;
import io.pageflip.request.RequestBuilder;
import io.pageflip.request.Schedule;
import io.pageflip.switchover.Ownership;
import io.pageflip.wire.FrameHeader;
import io.pageflip.wire.FrameType;
import io.pageflip.wire.Message;
import io.pageflip.wire.PageRecord;
import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** The destination goes at the worst moment: the source has given up the lock, and cannot say so any more. */
final class ReleaseIT {
    private static final GuestConfig GUEST =
            new GuestConfig(4 << 20, Backing.MEMFD, 1, Workload.UNIFORM, 1000, 10, 100, 3);

    /** So little that it fits into the socket, which is read between two batches. */
    private static final int BATCH = 8;

    @Test
    void aGuestThatNobodyTookGoesOnAtTheSource() throws IOException {
        MigrationRequest request = new RequestBuilder()
                .guest(GUEST)
                .schedule(Schedule.STOP_AND_MOVE)
                .batchPages(BATCH)
                .runAfterS(0)
                .build();
        try (ReaderThatLeaves link = new ReaderThatLeaves(GUEST)) {
            RunResult result = new SourceAgent(
                            request,
                            link,
                            false,
                            new MigrationControl(new Cancellation()),
                            new Progress(),
                            NanoClock.SYSTEM)
                    .run();
            assertThat(result.status()).isEqualTo(MigrationStatus.FAILED);
            assertThat(result.owner()).isEqualTo(Owner.SOURCE);
            assertThat(result.verification().status()).isEqualTo(VerificationResult.Status.MATCH);
            assertThat(result.error().message()).isEqualTo("the destination has closed the migration stream");
        }
    }

    /** Reads everything up to END in the source's own thread, and closes the stream before it takes the guest. */
    private static final class ReaderThatLeaves implements DestinationLink {
        private final GuestConfig guest;
        private final StreamEnds ends = StreamEnds.open(ChannelKind.UNIX);
        private final StreamReader reader =
                new StreamReader(ends.read(), ends.read(), true, new InactivityTimeout(NanoClock.SYSTEM, () -> {}));
        private boolean left;

        ReaderThatLeaves(GuestConfig guest) throws IOException {
            this.guest = guest;
        }

        @Override
        public StreamWriter greet(Message.Hello hello, List<Fd> files) {
            return new StreamWriter(ends.write(), ends.write(), new InactivityTimeout(NanoClock.SYSTEM, () -> {}));
        }

        @Override
        public long awaitReady(long timeoutSeconds) {
            return 0;
        }

        @Override
        public void check() throws IOException {
            if (left) { // asked again when the lock is released
                throw new PeerGoneException("the destination has closed the migration stream");
            }
            while (!left && ends.read().unreadBytes() > 0) {
                FrameHeader header = reader.next();
                if (header.type() == FrameType.BYTES) {
                    skipPages();
                }
                if (header.type() == FrameType.END) {
                    ends.read().close();
                    left = true;
                }
            }
        }

        private void skipPages() throws IOException {
            int at = reader.body().position();
            int block = PageRecord.block(reader.body(), at);
            long bytes = guest.blocks()
                    .get(block)
                    .bytesOf(PageRecord.first(reader.body(), at), PageRecord.count(reader.body(), at));
            try (Mapping nowhere = Mapping.anonymous("nowhere", BATCH * 4096)) {
                reader.readInto(nowhere, 0, bytes);
            }
        }

        @Override
        public boolean isConnected() {
            return !left;
        }

        @Override
        public void drop() {
            throw new AssertionError("no fault is scripted");
        }

        @Override
        public boolean recover(Ownership ownership) {
            throw new AssertionError("nobody has taken the guest");
        }

        @Override
        public void cancel(String reason) {
            assertThat(left)
                    .as("the source gives up only when the destination has left")
                    .isTrue();
        }

        @Override
        public void awaitResumed() {
            throw new AssertionError("nobody has taken the guest");
        }

        @Override
        public Message.@Nullable Completed awaitCompleted() {
            throw new AssertionError("nobody has taken the guest");
        }

        @Override
        public void close() {
            ends.close();
        }
    }
}
