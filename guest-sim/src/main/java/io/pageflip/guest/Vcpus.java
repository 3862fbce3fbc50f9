package io.pageflip.guest;

import io.pageflip.os.NanoClock;
import io.pageflip.ram.FaultLog;
import io.pageflip.switchover.IncomingSwitchover;
import io.pageflip.switchover.SwitchoverPage;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * All vCPUs of a guest, and the waits for them. Used by the guest's thread, but for {@link #onVcpuPaused} and
 * {@link #resumeOthers}, which a vCPU calls, and the figures. Loops, not lambdas: a first lambda on the path of the
 * switchover costs milliseconds.
 */
final class Vcpus implements AutoCloseable {
    private static final long POLL_NS = 20_000;
    private static final long PAUSE_POLL_NS = 500_000;

    private final List<Vcpu> vcpus;
    private final NanoClock clock;
    private final AtomicInteger executing = new AtomicInteger();

    /** Owns {@code vcpus} from now on. */
    Vcpus(List<Vcpu> vcpus, NanoClock clock) {
        this.vcpus = List.copyOf(vcpus);
        this.clock = clock;
    }

    private void beginRunning() {
        executing.set(vcpus.size());
    }

    /** Lets all of them run; returns before they do. */
    void resume() {
        beginRunning();
        for (int i = 0; i < vcpus.size(); i++) {
            vcpus.get(i).resume();
        }
    }

    /** Lets all but vCPU 0 run, which runs already. */
    void resumeOthers() {
        beginRunning();
        for (int i = 1; i < vcpus.size(); i++) {
            vcpus.get(i).resume();
        }
    }

    /** Makes vCPU 0 take the guest over. */
    void takeOver() {
        vcpus.get(0).takeOver();
    }

    /** Called when one has paused; returns whether it was the last. */
    boolean onVcpuPaused() {
        return executing.decrementAndGet() == 0;
    }

    /** Asks all of them to pause. */
    void requestStop() {
        for (int i = 0; i < vcpus.size(); i++) {
            vcpus.get(i).requestStop();
        }
    }

    /** Waits until all of them have paused: a matter of microseconds, inside the downtime. */
    void awaitPaused() {
        for (int i = 0; i < vcpus.size(); i++) {
            vcpus.get(i).awaitPaused();
        }
    }

    /** Asks all of them to pause at one moment, of CLOCK_MONOTONIC, and sleeps until they have. */
    void pauseAt(long timeNs) {
        for (int i = 0; i < vcpus.size(); i++) {
            vcpus.get(i).requestStopAt(timeNs);
        }
        // Sleeps: if this thread spun, three threads would compete for the two processors of a small machine.
        while (!allPaused()) {
            LockSupport.parkNanos(PAUSE_POLL_NS);
        }
    }

    private boolean allPaused() {
        for (int i = 0; i < vcpus.size(); i++) {
            if (!vcpus.get(i).isPaused()) {
                return false;
            }
        }
        return true;
    }

    void save(SwitchoverPage page) {
        for (int i = 0; i < vcpus.size(); i++) {
            vcpus.get(i).save(page);
        }
    }

    /** @throws IOException if a vCPU cannot have such registers */
    void load(SwitchoverPage page) throws IOException {
        for (int i = 0; i < vcpus.size(); i++) {
            vcpus.get(i).load(page);
        }
    }

    /** The numbers of the threads; 0 for one that has not begun. Any thread may ask. */
    List<Integer> threadIds() {
        return vcpus.stream().map(Vcpu::threadId).toList();
    }

    /** Makes the paused vCPUs record page faults from the next resume on; returns a log for each. */
    List<FaultLog> logFaults() {
        List<FaultLog> logs = new ArrayList<>();
        for (Vcpu vcpu : vcpus) {
            logs.add(vcpu.logFaults());
        }
        return List.copyOf(logs);
    }

    /**
     * Waits for the first instruction of each since it was resumed.
     *
     * @param in the switchover that vCPU 0 waits for, if it takes the guest over
     * @return CLOCK_MONOTONIC of each vCPU's first instruction
     * @throws IOException if a vCPU died, or has executed none within {@code timeoutNs}, or the switchover has failed
     */
    long[] awaitFirstInstructions(long timeoutNs, @Nullable IncomingSwitchover in) throws IOException {
        long deadline = clock.nanoTime() + timeoutNs;
        long[] first = new long[vcpus.size()];
        for (int i = 0; i < first.length; i++) {
            while ((first[i] = vcpus.get(i).firstInstructionNs()) == 0) {
                checkAlive();
                if (in != null) {
                    in.check();
                }
                if (clock.nanoTime() > deadline) {
                    throw new IOException("vCPU " + i + " has executed no instruction for " + timeoutNs + " ns");
                }
                LockSupport.parkNanos(POLL_NS);
            }
        }
        return first;
    }

    long[] firstBeatsNs() {
        return vcpus.stream().mapToLong(Vcpu::firstBeatNs).toArray();
    }

    /** @throws IOException if a vCPU thread has failed */
    void checkAlive() throws IOException {
        for (Vcpu vcpu : vcpus) {
            Throwable failure = vcpu.failure();
            if (failure != null) {
                throw new IOException("a vCPU failed: " + failure, failure);
            }
        }
    }

    long pagesWritten() {
        return vcpus.stream().mapToLong(Vcpu::pagesWritten).sum();
    }

    /** Whether RAM and the registers of each agree about the instructions executed. */
    boolean agreeWithMemory() {
        return vcpus.stream().allMatch(Vcpu::agreesWithMemory);
    }

    @Override
    public void close() {
        vcpus.forEach(Vcpu::close);
    }
}
