package io.pageflip.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;
import picocli.CommandLine.Model.OptionSpec;

/** What is typed wrongly is answered by one sentence, which names the option, the value, and what would be right. */
final class UsageTest {
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                // a value that is none
                "migrate --ram 3X               | --ram | '3X' | 512M",
                "migrate --ram -1               | --ram | '-1' | 512M",
                "migrate --ram 99999999T        | --ram | '99999999T' | 512M",
                "migrate --backing disk         | --backing | 'disk' | memfd, anonymous, hugetlb, file:DIR",
                "migrate --backing file:        | --backing | 'file:' | memfd, anonymous, hugetlb, file:DIR",
                "migrate --mechanism teleport   | --mechanism | 'teleport' | auto, flip, gift, stream, pull, fuse",
                "migrate --channel tcp          | --channel | 'tcp' | unix, pipe",
                "migrate --schedule postpone    | --schedule | 'postpone' | stop-and-move, handover, postcopy, precopy",
                "migrate --on-timeout wait      | --on-timeout | 'wait' | cancel, switch, postcopy",
                "migrate --dirty-tracking x     | --dirty-tracking | 'x' | write-protect, log",
                "migrate --max-bandwidth fast   | --max-bandwidth | 'fast' | 512M",
                "migrate --vcpus two            | --vcpus | 'two' | whole number",
                "migrate --workload web         | --workload | 'web' | idle, sequential, uniform, hotset",
                "migrate --dirty-rate fast      | --dirty-rate | 'fast' | 20K",
                "migrate --hot-set half         | --hot-set | 'half' | whole number",
                "migrate --fill 1.5             | --fill | '1.5' | whole number",
                "migrate --sharer 5             | --sharer | '5' | from 1% to 100%, as in 5%",
                "migrate --sharer some          | --sharer | 'some' | from 1% to 100%, as in 5%",
                "compare --sharer 5             | --sharer | '5' | from 1% to 100%, as in 5%",
                "migrate --batch all            | --batch | 'all' | whole number",
                "migrate --runs 99999999999     | --runs | '99999999999' | whole number",
                "migrate --warmup x             | --warmup | 'x' | whole number",
                "migrate --seed x               | --seed | 'x' | whole number",
                "migrate --run-after soon       | --run-after | 'soon' | number",
                "migrate --format xml           | --format | 'xml' | text, json",
                "migrate --progress maybe       | --progress | 'maybe' | auto, always, never",
                "migrate --destination-fault x  | --destination-fault | 'x' | half-pages",
                "migrate --source-fault kill@x  | --source-fault | 'kill@x' | half-pages",
                "source --fault kill            | --fault | 'kill' | half-pages",
                "source --connect /run/m.sock   | --connect | '/run/m.sock' | unix:/run/m.sock",
                "destination --listen unix:     | --listen | 'unix:' | unix:/run/m.sock",
                "destination --run-after x      | --run-after | 'x' | number",
                "destination --progress x       | --progress | 'x' | auto, always, never",
                "compare --ram 1G,3X            | --ram | '3X' | 512M",
                "compare --ram 1G,,2G           | --ram | '' | 512M",
                "compare --backing disk         | --backing | 'disk' | memfd, anonymous, hugetlb, file:DIR",
                "compare --mechanism flip,auto  | --mechanism | 'auto' | flip, gift, stream, pull, fuse",
                "compare --schedule none        | --schedule | 'none' | all, stop-and-move",
                "compare --dirty-rate 0,fast    | --dirty-rate | 'fast' | 20K",
                "compare --vcpus 1,two          | --vcpus | 'two' | whole number",
                "compare --workload web         | --workload | 'web' | idle, sequential, uniform, hotset",
                "simulate --ram 3X              | --ram | '3X' | 512M",
                "simulate --kernel stock,linux  | --kernel | 'linux' | stock, vmsplice-move, vmsplice-move-fixed, fuse-move",
                "simulate --thp many            | --thp | 'many' | 0.1%",
                "simulate --ksm -1%             | --ksm | '-1%' | 0.1%",
                "simulate --races 0.00001%      | --races | '0.00001%' | four of them after the point",
                "simulate --seed x              | --seed | 'x' | whole number",
                "simulate --threads x           | --threads | 'x' | whole number",
                "simulate --format xml          | --format | 'xml' | text, json",
                "check --format xml             | --format | 'xml' | text, json",
                // a value out of its range
                "migrate --ram 4K               | --ram | 4K | from 1M",
                "migrate --ram 1048577          | --ram | 1048577 | whole pages of 4K",
                "migrate --ram 100T             | --ram | 100T | to 64T",
                "migrate --backing hugetlb --ram 3M | --ram | 3M | whole pages of 2M",
                "migrate --backing file:/tmp --ram 4K | --ram | 4K | file RAM must be from 1M",
                "migrate --backing file:/nowhere | --backing | file:/nowhere | no such directory",
                "migrate --vcpus 0              | --vcpus | 0 | from 1 to",
                "migrate --vcpus 1000           | --vcpus | 1000 | from 1 to",
                "migrate --dirty-rate 100G      | --dirty-rate | 100000000000 | from 0 to",
                "migrate --hot-set 0            | --hot-set | 0 | from 1 to 100",
                "migrate --fill 101             | --fill | 101 | from 0 to 100",
                "migrate --sharer 101%          | --sharer | '101%' | from 1% to 100%",
                "migrate --sharer 0%            | --sharer | '0%' | from 1% to 100%",
                "migrate --sharer -5%           | --sharer | '-5%' | from 1% to 100%",
                "migrate --sharer 2.5%          | --sharer | '2.5%' | whole percent",
                "migrate --batch 0              | --batch | 0 | from 1 to",
                "migrate --backing anonymous --adopt --adopt-chunk 5000 | --adopt-chunk | 5000 | whole pages of 4K",
                "migrate --backing anonymous --adopt --adopt-chunk 0    | --adopt-chunk | 0 | whole pages of 4K",
                "migrate --backing anonymous --adopt --adopt-chunk 2G   | --adopt-chunk | 2G | at most --ram 1G",
                "migrate --adopt-chunk much     | --adopt-chunk | 'much' | 512M",
                "migrate --batch 999999999      | --batch | 999999999 | from 1 to",
                "migrate --runs 0               | --runs | 0 | from 1 to",
                "migrate --warmup -1            | --warmup | -1 | from 0 to",
                "migrate --run-after -1         | --run-after | -1 | from 0 to",
                "migrate --run-after NaN        | --run-after | NaN | from 0 to",
                "migrate --export-json /nowhere/x  | --export-json | /nowhere/x | no file can be written there",
                "migrate --log-file /nowhere/x     | --log-file | /nowhere/x | no file can be written there",
                "source --connect unix:/x --log-file /nowhere/x | --log-file | /nowhere/x | no file can be written there",
                "destination --log-file /nowhere/x | --log-file | /nowhere/x | no file can be written there",
                "compare --log-file /nowhere/x     | --log-file | /nowhere/x | no file can be written there",
                "migrate --verbose --quiet         | --verbose | --quiet | leave one of them out",
                "compare --ram 1G,4K            | --ram | 4K | from 1M",
                "compare --vcpus 0,1            | --vcpus | 0 | from 1 to",
                "compare --dirty-rate 1,100G    | --dirty-rate | 100000000000 | from 0 to",
                "compare --fill 101             | --fill | 101 | from 0 to 100",
                "compare --batch 0              | --batch | 0 | from 1 to",
                "compare --runs 0               | --runs | 0 | from 1 to",
                "compare --warmup -1            | --warmup | -1 | from 0 to",
                "compare --export-json /nowhere/x     | --export-json | /nowhere/x | no file can be written there",
                "migrate --export-trace /nowhere/x | --export-trace | /nowhere/x | no file can be written there",
                "migrate --export-hyperfine /nowhere/x | --export-hyperfine | /nowhere/x | no file can be written there",
                "migrate --export-guestperf /nowhere/x | --export-guestperf | /nowhere/x | no file can be written there",
                "migrate --export-openmetrics /nowhere/x | --export-openmetrics | /nowhere/x | no file can be written there",
                "migrate --export-trace x --runs 101 | --export-trace | 101 | from 1 to 100",
                "migrate --export-trace x --export-guestperf ./x | --export-guestperf | ./x | --export-trace names the same file",
                "compare --export-trace /nowhere/x | --export-trace | /nowhere/x | no file can be written there",
                "compare --export-hyperfine /nowhere/x | --export-hyperfine | /nowhere/x | no file can be written there",
                "compare --export-guestperf /nowhere/x | --export-guestperf | /nowhere/x | no file can be written there",
                "compare --export-openmetrics /nowhere/x | --export-openmetrics | /nowhere/x | no file can be written there",
                "compare --export-trace x --runs 101 | --export-trace | 101 | from 1 to 100",
                "compare --export-trace x --export-guestperf ./x | --export-guestperf | ./x | --export-trace names the same file",
                "compare --export-csv /nowhere/x      | --export-csv | /nowhere/x | no file can be written there",
                "compare --export-markdown /nowhere/x | --export-markdown | /nowhere/x | no file can be written there",
                "compare --export-html /nowhere/x     | --export-html | /nowhere/x | no file can be written there",
                "simulate --ram 2T              | --ram | 2T | to 1T",
                "simulate --ram 4097            | --ram | 4097 | whole pages of 4K",
                "simulate --thp 60% --forked 41% | --thp 60%, --forked 41% | 101% | 100% at most",
                "simulate --swapped 101         | --swapped | 101% | 100% at most",
                "simulate --races 101%          | --races | 101% | 100% at most",
                "simulate --threads 0           | --threads | 0 | from 1 to",
                "simulate --costs /nowhere/x    | --costs | /nowhere/x | no file that can be read",
                "simulate --calibrate --costs /nowhere/x | --costs | /nowhere/x | no file can be written there",
                "simulate --costs /etc/hostname | --costs | /etc/hostname | pageflip.costs/1",
                "compare --predict --costs /nowhere/x | --costs | /nowhere/x | no file that can be read",
                "compare --costs x              | --costs | is for --predict | --predict",
                "simulate --export-json /nowhere/x     | --export-json | /nowhere/x | no file can be written there",
                "simulate --export-csv /nowhere/x      | --export-csv | /nowhere/x | no file can be written there",
                "simulate --export-markdown /nowhere/x | --export-markdown | /nowhere/x | no file can be written there",
                "report x.json --export-html /nowhere/x | --export-html | /nowhere/x | no file can be written there",
                "report /nowhere/x --export-html x.html | /nowhere/x | no file | can be read",
                "report x.json                  | --export-html | Missing | option",
                // no value, too many of them, or no such thing
                "migrate --ram                  | --ram | SIZE | parameter",
                "migrate --vcpus 1 --vcpus 2    | --vcpus | only once | --vcpus",
                "migrate --colour red           | --colour | Unknown | --colour",
                "migrate now                    | now | Unmatched | now",
                "evaporate                      | evaporate | Unmatched | evaporate",
            })
    void oneSentenceNamesOptionValueAndWhatWouldBeRight(String line, String option, String value, String right) {
        assertThat(sentence(line)).contains(option, value, right);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "--mechanism flip --backing anonymous | --backing memfd, or --mechanism gift",
                "--mechanism gift                     | --backing anonymous, or --mechanism flip",
                "--mechanism gift --backing hugetlb   | --backing anonymous, or --mechanism flip",
                "--adopt                              | --backing memfd is shared already; use --backing anonymous, or leave",
                "--adopt --backing hugetlb            | --backing hugetlb is shared already; use --backing anonymous, or leave",
                "--adopt --backing file:/tmp          | --backing file:/tmp is shared already; use --backing anonymous, or leave",
                "--adopt --backing file:/tmp --mechanism fuse  | --backing file:/tmp is shared already; use --backing anon",
                "--adopt --backing file               | write --backing file:DIR",
                "--adopt --backing anonymous --mechanism fuse  | use --mechanism flip, or leave --adopt out",
                "--adopt --backing anonymous --mechanism pull  | use --mechanism flip, or leave --adopt out",
                "--adopt-chunk 1M                     | --adopt-chunk is for --adopt",
                "--adopt --backing anonymous --mechanism gift   | use --mechanism flip, or leave --adopt out",
                "--adopt --backing anonymous --mechanism stream | use --mechanism flip, or leave --adopt out",
                "--adopt --backing anonymous --schedule precopy | --schedule handover, or --mechanism stream",
                "--mechanism flip --backing anonymous           | or --adopt",
                "--mechanism fuse                     | --backing file:DIR, or --mechanism flip",
                "--mechanism fuse --backing anonymous | --backing file:DIR, or --mechanism gift",
                "--mechanism fuse --backing file      | write --backing file:DIR",
                "--mechanism pull --backing file:/tmp | --backing memfd, or --mechanism fuse",
                "--backing file:/tmp --no-move        | use --no-gift",
                "--backing file:/tmp --schedule handover | use --schedule stop-and-move",
                "--backing file:/tmp --schedule precopy  | use --schedule stop-and-move",
                "--mechanism stream --no-gift         | moves no page anyway",
                "--mechanism pull --no-gift           | moves no page anyway",
                "--mechanism stream --no-move         | moves no page anyway",
                "--mechanism pull --no-move           | moves no page anyway",
                "--mechanism flip --no-way-back       | --no-way-back is for --mechanism gift",
                "--no-way-back                        | --no-way-back is for --mechanism gift",
                "--sharer 5% --mechanism stream       | --mechanism stream flips none; use --mechanism flip, or leave",
                "--sharer 5% --mechanism pull         | --mechanism pull flips none; use --mechanism flip, or leave",
                "--sharer 5% --backing anonymous      | --mechanism gift flips none; use --mechanism flip, or leave",
                "--sharer 5% --backing file:/tmp      | --mechanism fuse flips none; use --mechanism flip, or leave",
                "--sharer 5% --backing hugetlb        | use --backing memfd",
                "--sharer 5% --backing anonymous --adopt | with --adopt RAM is private at the start; use --backing memfd",
                "--sharer 5% --no-gift                | --no-gift, which copies every page anyway",
                "--forked 5%                          | --backing memfd is not private; use --backing anonymous",
                "--thp 5% --unaligned 5% --backing hugetlb | --thp 5%, --unaligned 5%: only private memory can have such pages",
                "--thp 5% --backing anonymous --fill 50 | --fill 50 leaves holes; leave --fill out",
                "--backing anonymous --thp 60% --forked 41% | --thp 60%, --forked 41%: together that is 101% of RAM; it must be 100% at most",
                "--backing anonymous --mechanism pull --unaligned 5% | use --mechanism gift, or leave --unaligned out",
                "--present 5% --mechanism stream       | --present and --unmapped keep pages from being flipped, and this migration flips none",
                "--unmapped 5% --schedule postcopy     | use --schedule handover, or stop-and-move",
                "--unmapped 5% --backing hugetlb       | --present and --unmapped need --backing memfd",
                "--present 5% --forked 5% --unmapped 5% --backing anonymous | --present and --unmapped need --backing memfd",
                "--present 5% --forked 5%              | --present and --unmapped need --backing memfd",
                "--backing anonymous --forked 5% --adopt | leave --adopt out, or those",
                "--schedule precopy                   | --schedule handover, or --mechanism stream",
                "--auto-converge                      | --auto-converge is for --schedule precopy",
                "--mechanism stream --max-rounds 3    | --max-rounds is for --schedule precopy",
                "--mechanism stream --schedule precopy --on-timeout postcopy | use --mechanism pull, --on-timeout switch",
                "--mechanism stream --schedule postcopy | use --mechanism flip, or --mechanism pull",
                "--mechanism pull --schedule handover   | use --mechanism flip, or --schedule stop-and-move",
                "--mechanism pull --schedule precopy --max-bandwidth 4K    | --max-bandwidth 4096: it must be from",
                "--mechanism pull --schedule precopy --downtime-limit 0    | --downtime-limit 0: it must be from 1",
                "--mechanism pull --schedule precopy --timeout -1          | --timeout -1.0: it must be from 0",
            })
    void aCombinationThatMakesNoSenseIsRefused(String options, String why) {
        assertThat(sentence("migrate " + options)).contains(why);
        if (!options.contains("--no-move")) { // which is the destination's
            assertThat(sentence("source --connect unix:/nowhere " + options)).contains(why);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"--sharer 5%", "--backing anonymous --forked 5%", "--backing anonymous --unaligned 5%"})
    void aGuestThatGoesToAndFroHasPlainRam(String options) {
        assertThat(sentence("migrate --ping-pong --runs 2 " + options)).contains("leave one of them out");
    }

    @Test
    void aComparisonOfNothingThatCanBeIsRefused() {
        assertThat(sentence("compare --mechanism flip --backing anonymous"))
                .contains("is private; use --backing memfd");
    }

    @ParameterizedTest
    @ValueSource(strings = {"migrate", "compare", "simulate", "report", "source", "destination", "check"})
    void helpListsEveryOptionWithItsDefault(String command) {
        StringWriter out = new StringWriter();
        CommandLine root =
                Main.commandLine(new Interrupts(Thread.currentThread())).setOut(new PrintWriter(out, true));

        assertThat(root.execute(command, "--help")).isEqualTo(ExitCodes.OK);

        String help = out.toString().replaceAll("\\s+", " ");
        for (OptionSpec option :
                root.getSubcommands().get(command).getCommandSpec().options()) {
            if (option.hidden()) {
                assertThat(help).doesNotContain(option.longestName());
            } else {
                assertThat(help).contains(option.negatable() ? "[no-]verify" : option.longestName());
                if (option.defaultValue() != null && !option.negatable()) {
                    assertThat(help).containsPattern("default: " + option.defaultValue() + "[,)]");
                }
            }
        }
    }

    /** The only line of the answer, but for where to look for help. */
    private static String sentence(String line) {
        StringWriter err = new StringWriter();
        StringWriter out = new StringWriter();
        int code = Main.commandLine(new Interrupts(Thread.currentThread()))
                .setErr(new PrintWriter(err, true))
                .setOut(new PrintWriter(out, true))
                .execute(line.split(" ", -1));

        assertThat(code).as("%s: %s", line, err).isEqualTo(ExitCodes.USAGE);
        assertThat(out.toString()).isEmpty();
        List<String> lines = err.toString().lines().toList();
        assertThat(lines).as(line).hasSize(2);
        assertThat(lines.get(0)).startsWith("pageflip: ");
        assertThat(lines.get(1)).startsWith("Try 'pageflip").endsWith(" --help'.");
        return lines.get(0);
    }
}
