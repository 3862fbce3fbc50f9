package io.pageflip.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pageflip.os.HostLacksException;
import io.pageflip.ram.Backing;
import io.pageflip.request.Mechanism;
import io.pageflip.request.RequestBuilder;
import io.pageflip.request.RequestDocument;
import io.pageflip.request.Schedule;
import java.io.IOException;
import java.util.function.Supplier;
import org.assertj.core.api.InstanceOfAssertFactories;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.ParameterException;

final class MatrixTest {
    private static final Matrix.HostCheck ANY = request -> {};

    @Command(name = "test")
    private static final class Options {
        @Mixin
        private MatrixOptions matrix;

        private CommandLine commandLine;

        static Options parse(String... arguments) {
            Options options = new Options();
            options.commandLine = new CommandLine(options);
            Values.registerChoices(options.commandLine);
            Values.registerNumbers(options.commandLine);
            options.commandLine.parseArgs(arguments);
            return options;
        }

        Matrix of(Matrix.HostCheck host) throws IOException {
            return of(host, RequestBuilder::new);
        }

        Matrix of(Matrix.HostCheck host, Supplier<RequestBuilder> common) throws IOException {
            return Matrix.of(commandLine.getCommandSpec(), matrix.combinations(), common, host);
        }
    }

    @Test
    void eachIsTriedWithEachInTheOrderGiven() throws IOException {
        Matrix matrix = Options.parse("--ram=16M,32M", "--vcpus=1,2", "--dirty-rate=0,2K", "--mechanism=stream,flip")
                .of(ANY);

        assertThat(matrix.requests()).hasSize(16);
        assertThat(matrix.requests().get(0).guest().ramBytes()).isEqualTo(16 << 20);
        assertThat(matrix.requests().get(0).mechanism()).isEqualTo(Mechanism.STREAM);
        assertThat(matrix.requests().get(1).mechanism()).isEqualTo(Mechanism.FLIP);
        assertThat(matrix.requests().get(15).guest().vcpus()).isEqualTo(2);
        assertThat(matrix.requests().get(15).guest().dirtyRate()).isEqualTo(2000);
        assertThat(matrix.skipped()).isEmpty();
    }

    @Test
    void withoutABackingEachMechanismGetsWhatItNeeds() throws IOException {
        Matrix matrix = Options.parse("--mechanism=flip,stream,pull,gift").of(ANY);

        assertThat(matrix.requests())
                .map(request -> request.guest().backing())
                .containsExactly(Backing.MEMFD, Backing.MEMFD, Backing.MEMFD, Backing.ANONYMOUS);
    }

    @Test
    void whatCannotBeIsSkippedForTheReasonThatMigrateGives() throws IOException {
        Matrix matrix = Options.parse("--mechanism=flip,gift", "--backing=memfd,anonymous")
                .of(ANY);

        assertThat(matrix.requests()).hasSize(2);
        assertThat(matrix.skipped()).hasSize(2);
        assertThat(matrix.skipped().get(0).reason()).contains("--backing anonymous is private");
        assertThat(matrix.skipped().get(0).options())
                .containsEntry("mechanism", "flip")
                .containsEntry("backing", "anonymous");
        assertThat(matrix.skipped().get(1).reason()).contains("--backing memfd is shared");
        assertThat(matrix.lack()).isNull();
    }

    @Test
    void ramThatIsNotWholeHugePagesIsACombinationThatCannotBe() throws IOException {
        Matrix matrix = Options.parse("--ram=3M", "--mechanism=flip", "--backing=memfd,hugetlb")
                .of(ANY, () -> new RequestBuilder().verify(false));

        assertThat(matrix.requests())
                .singleElement()
                .extracting(RequestDocument::of)
                .asInstanceOf(InstanceOfAssertFactories.MAP)
                .containsEntry("verify", false);
        assertThat(matrix.skipped()).singleElement().asString().contains("whole pages of 2M");
    }

    @Test
    void whatTheHostLacksIsSkippedWithTheCause() throws IOException {
        Matrix matrix = Options.parse("--ram=1G,1T").of(request -> {
            if (request.guest().ramBytes() > 1L << 30) {
                throw new HostLacksException("no room");
            }
        });

        assertThat(matrix.requests()).hasSize(2);
        assertThat(matrix.skipped()).hasSize(2).allMatch(one -> one.reason().equals("no room"));
        assertThat(matrix.lack()).isEqualTo("no room");
    }

    @Test
    void allSchedulesAreThoseThatMigrateKnowsAndTheSameTwiceIsOne() throws IOException {
        int known = Schedule.values().length;

        assertThat(Options.parse("--schedule=all,all").matrix.combinations()).hasSize(2 * known);
        assertThat(Options.parse("--ram=1G,1024M", "--mechanism=stream").of(ANY).requests())
                .hasSize(1);
    }

    @Test
    void aValueThatNothingCouldMakeRightIsAUsageErrorOfTheCommand() {
        Options options = Options.parse("--ram=1G,4K");

        assertThatThrownBy(() -> options.of(ANY))
                .isInstanceOf(ParameterException.class)
                .hasMessageContaining("--ram 4K")
                .extracting(e -> ((ParameterException) e).getCommandLine())
                .isSameAs(options.commandLine);
    }
}
