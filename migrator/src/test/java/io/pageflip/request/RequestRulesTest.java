package io.pageflip.request;

import static org.assertj.core.api.Assertions.assertThat;

import io.pageflip.ram.Backing;
import io.pageflip.ram.DirtyTracking;
import io.pageflip.scenario.ScriptedFault;
import java.util.Locale;
import java.util.Map;
import java.util.function.BiConsumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What goes with what. A request is written as {@code key=value key=value}, whatever is not said is as by default. */
final class RequestRulesTest {
    /** How a word of a table changes a request. */
    private static final Map<String, BiConsumer<Draft, String>> KEYS = Map.ofEntries(
            Map.entry("ram", (draft, value) -> draft.builder.ramBytes(Long.parseLong(value))),
            Map.entry("backing", (draft, value) -> draft.builder.place(RamPlace.parse(value))),
            Map.entry("vcpus", (draft, value) -> draft.builder.vcpus(Integer.parseInt(value))),
            Map.entry("dirty-rate", (draft, value) -> draft.builder.dirtyRate(Long.parseLong(value))),
            Map.entry("hot-set", (draft, value) -> draft.builder.hotSetPercent(Integer.parseInt(value))),
            Map.entry("fill", (draft, value) -> draft.builder.fillPercent(Integer.parseInt(value))),
            Map.entry("sharer", (draft, value) -> draft.parts[0] = Integer.parseInt(value)),
            Map.entry("thp", (draft, value) -> draft.parts[1] = Integer.parseInt(value)),
            Map.entry("forked", (draft, value) -> draft.parts[2] = Integer.parseInt(value)),
            Map.entry("unaligned", (draft, value) -> draft.parts[3] = Integer.parseInt(value)),
            Map.entry("present", (draft, value) -> draft.parts[4] = Integer.parseInt(value)),
            Map.entry("unmapped", (draft, value) -> draft.parts[5] = Integer.parseInt(value)),
            Map.entry(
                    "mechanism",
                    (draft, value) -> draft.builder.mechanism(Mechanism.valueOf(value.toUpperCase(Locale.ROOT)))),
            Map.entry(
                    "schedule",
                    (draft, value) -> draft.builder.schedule(
                            Schedule.valueOf(value.toUpperCase(Locale.ROOT).replace('-', '_')))),
            Map.entry("batch", (draft, value) -> draft.builder.batchPages(Integer.parseInt(value))),
            Map.entry("gift", (draft, value) -> draft.builder.gifts(Boolean.parseBoolean(value))),
            Map.entry("move", (draft, value) -> draft.builder.moves(Boolean.parseBoolean(value))),
            Map.entry("switchover-timeout", (draft, value) -> draft.builder.switchoverTimeoutS(Double.valueOf(value))),
            Map.entry("no-way-back", (draft, value) -> draft.builder.noWayBack(Boolean.parseBoolean(value))),
            Map.entry("adopt", (draft, value) -> draft.adopt = Boolean.parseBoolean(value)),
            Map.entry("adopt-chunk", (draft, value) -> draft.chunk = Long.valueOf(value)),
            Map.entry("downtime-limit", (draft, value) -> draft.downtimeLimit = Long.valueOf(value)),
            Map.entry("max-bandwidth", (draft, value) -> draft.maxBandwidth = Long.valueOf(value)),
            Map.entry("max-rounds", (draft, value) -> draft.maxRounds = Integer.valueOf(value)),
            Map.entry("timeout", (draft, value) -> draft.timeout = Double.valueOf(value)),
            Map.entry(
                    "on-timeout",
                    (draft, value) ->
                            draft.onTimeout = PrecopyLimits.OnTimeout.valueOf(value.toUpperCase(Locale.ROOT))),
            Map.entry("auto-converge", (draft, value) -> draft.autoConverge = Boolean.parseBoolean(value)),
            Map.entry(
                    "dirty-tracking",
                    (draft, value) -> draft.tracking = DirtyTracking.valueOf(value.toUpperCase(Locale.ROOT))),
            Map.entry("prefetch", (draft, value) -> draft.prefetch = Integer.valueOf(value)),
            Map.entry("late-batch", (draft, value) -> draft.lateBatch = Integer.valueOf(value)),
            Map.entry("recover-timeout", (draft, value) -> draft.recover = Long.valueOf(value)),
            Map.entry("source-fault", (draft, value) -> draft.builder.sourceFault(ScriptedFault.parse(value))),
            Map.entry(
                    "destination-fault", (draft, value) -> draft.builder.destinationFault(ScriptedFault.parse(value))),
            Map.entry("run-after", (draft, value) -> draft.builder.runAfterS(Double.parseDouble(value))));

    private static final class Draft {
        private final RequestBuilder builder = new RequestBuilder();
        private final int[] parts = new int[6];
        private boolean adopt;
        private Long chunk;
        private Long downtimeLimit;
        private Long maxBandwidth;
        private Integer maxRounds;
        private boolean autoConverge;
        private Double timeout;
        private PrecopyLimits.OnTimeout onTimeout;
        private DirtyTracking tracking;
        private Integer prefetch;
        private Integer lateBatch;
        private Long recover;

        MigrationRequest build() {
            return builder.parts(new RamParts(parts[0], parts[1], parts[2], parts[3], parts[4], parts[5]))
                    .adopt(new MigrationRequest.Adopt(adopt, chunk))
                    .precopy(new MigrationRequest.Precopy(
                            downtimeLimit, maxBandwidth, maxRounds, autoConverge, timeout, onTimeout, tracking))
                    .postcopy(new MigrationRequest.Postcopy(prefetch, lateBatch, recover))
                    .build();
        }
    }

    private static MigrationRequest request(String words) {
        Draft draft = new Draft();
        for (String word : words == null ? new String[0] : words.split(" ", -1)) {
            int equals = word.indexOf('=');
            KEYS.get(word.substring(0, equals)).accept(draft, word.substring(equals + 1));
        }
        return draft.build();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "vcpus=1",
                "ram=1048576",
                "ram=2097152 backing=hugetlb",
                "backing=hugetlb mechanism=stream",
                "backing=anonymous",
                "backing=anonymous thp=10 forked=20 unaligned=70",
                "backing=anonymous mechanism=pull thp=10 forked=20",
                "backing=anonymous mechanism=stream",
                "backing=file:/tmp",
                "backing=file:/tmp gift=false",
                "gift=false",
                "move=false",
                "backing=anonymous gift=false",
                "backing=anonymous move=false",
                "backing=anonymous no-way-back=true",
                "schedule=stop-and-move",
                "schedule=handover",
                "schedule=postcopy",
                "schedule=postcopy prefetch=1 late-batch=1 recover-timeout=0",
                "mechanism=pull schedule=postcopy",
                "mechanism=stream schedule=precopy",
                "mechanism=pull schedule=precopy on-timeout=postcopy prefetch=32",
                "backing=anonymous mechanism=gift schedule=precopy timeout=0 on-timeout=cancel",
                "mechanism=stream schedule=precopy downtime-limit=1 max-bandwidth=1048576 max-rounds=1 "
                        + "auto-converge=true timeout=1000000 on-timeout=switch dirty-tracking=log",
                "sharer=100",
                "sharer=5 fill=50 schedule=postcopy",
                "present=40 unmapped=60",
                "present=40 unmapped=60 schedule=stop-and-move",
                "sharer=5 present=40",
                "backing=anonymous adopt=true",
                "backing=anonymous adopt=true adopt-chunk=4096 schedule=postcopy",
                "backing=anonymous adopt=true adopt-chunk=1073741824",
                "batch=262144 run-after=0",
                "switchover-timeout=0.01",
                "run-after=1000000",
                "source-fault=kill@filling destination-fault=drop@half-pages,kill@claimed",
            })
    void theseMakeSense(String words) {
        assertThat(RequestRules.check(request(words))).isEmpty();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "vcpus=0                | --vcpus 0: it must be from 1 to 63",
                "hot-set=0              | --hot-set 0: it must be from 1 to 100",
                "hot-set=101            | --hot-set 101: it must be from 1 to 100",
                "fill=-1                | --fill -1: it must be from 0 to 100",
                "fill=101               | --fill 101: it must be from 0 to 100",
                "dirty-rate=-1          | --dirty-rate -1: it must be from 0 to 1000000000",
                "dirty-rate=1000000001  | --dirty-rate 1000000001: it must be from 0 to 1000000000",
                "ram=4096               | --ram 4K: memfd RAM must be from 1M to 64T, in whole pages of 4K",
                "ram=1048577            | --ram 1048577: memfd RAM must be from 1M to 64T, in whole pages of 4K",
                "ram=109951162777600    | --ram 100T: memfd RAM must be from 1M to 64T, in whole pages of 4K",
                "ram=4096 backing=hugetlb   | --ram 4K: memfd RAM must be from 1M to 64T, in whole pages of 4K",
                "ram=4096 backing=file:/tmp | --ram 4K: file RAM must be from 1M to 64T, in whole pages of 4K",
                "sharer=101             | --sharer 101%: it must be from 1% to 100%",
                "thp=-1                 | --thp -1%: it must be from 1% to 100%",
                "backing=anonymous thp=60 forked=41 | --thp 60%, --forked 41%: together that is 101% of RAM; it must be 100% at most",
                "backing=anonymous adopt=true adopt-chunk=0    | --adopt-chunk 0: it must be whole pages of 4K",
                "backing=anonymous adopt=true adopt-chunk=-4096 | --adopt-chunk -4K: it must be whole pages of 4K",
                "backing=anonymous adopt=true adopt-chunk=5000 | --adopt-chunk 5000: it must be whole pages of 4K",
                "batch=0                | --batch 0: it must be from 1 to 262144",
                "batch=262145           | --batch 262145: it must be from 1 to 262144",
                "mechanism=pull schedule=precopy downtime-limit=0       | --downtime-limit 0: it must be from 1 to 2000000",
                "mechanism=pull schedule=precopy downtime-limit=2000001 | --downtime-limit 2000001: it must be from 1 to 2000000",
                "mechanism=pull schedule=precopy max-bandwidth=4096     | --max-bandwidth 4096: it must be from 1048576 to 9223372036854775807",
                "mechanism=pull schedule=precopy max-rounds=0           | --max-rounds 0: it must be from 1 to 2147483647",
                "mechanism=pull schedule=precopy timeout=-1 | --timeout -1.0: it must be from 0 to 1000000 seconds",
                "mechanism=pull schedule=precopy timeout=NaN | --timeout NaN: it must be from 0 to 1000000 seconds",
                "schedule=postcopy prefetch=0          | --prefetch 0: it must be from 1 to 262144",
                "schedule=postcopy prefetch=262145     | --prefetch 262145: it must be from 1 to 262144",
                "late-batch=0           | --late-batch 0: it must be from 1 to 262144",
                "recover-timeout=-1     | --recover-timeout -1: it must be from 0 to 1000000",
                "switchover-timeout=0   | --switchover-timeout 0.0: it must be from 0.01 to 1000000 seconds",
                "switchover-timeout=NaN | --switchover-timeout NaN: it must be from 0.01 to 1000000 seconds",
                "run-after=-1           | --run-after -1.0: it must be from 0 to 1000000 seconds",
                "run-after=NaN          | --run-after NaN: it must be from 0 to 1000000 seconds",
                "source-fault=kill@locked             | fault kill@locked: a source never comes to the step locked; its steps are hello, filling, ready, first-pages, half-pages, round, state, released, resumed, paused, recover, last-page",
                "source-fault=drop@state,term@claimed | fault term@claimed: a source never comes to the step claimed; its steps are hello, filling, ready, first-pages, half-pages, round, state, released, resumed, paused, recover, last-page",
                "destination-fault=kill@filling       | fault kill@filling: a destination never comes to the step filling; its steps are hello, ready, first-pages, half-pages, round, state, released, locked, claimed, resumed, paused, recover, last-page",
                "run-after=1000001      | --run-after 1000001.0: it must be from 0 to 1000000 seconds",
            })
    void aValueThatNothingCouldMakeRight(String words, String sentence) {
        assertThat(RequestRules.check(request(words))).contains(new Refusal(Refusal.Kind.VALUE, sentence));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                // RAM
                "ram=3145728 backing=hugetlb | --ram 3M: hugetlb RAM must be from 2M to 64T, in whole pages of 2M",
                "backing=file           | --backing file needs a directory on a disk; write --backing file:DIR, as in file:/var/tmp",
                "thp=5 backing=hugetlb  | --thp 5%: only private memory can have such pages, and --backing hugetlb is not private; use --backing anonymous",
                "forked=5 unaligned=6   | --forked 5%, --unaligned 6%: only private memory can have such pages, and --backing memfd is not private; use --backing anonymous",
                "present=5 backing=hugetlb | --present 5%: --present and --unmapped need --backing memfd, and --thp, --forked and --unaligned need --backing anonymous; use options for one backing",
                "present=5 forked=6     | --forked 6%, --present 5%: --present and --unmapped need --backing memfd, and --thp, --forked and --unaligned need --backing anonymous; use options for one backing",
                "thp=5 backing=anonymous fill=50 | --thp 5%: every page of RAM must have been written, and --fill 50 leaves holes; leave --fill out",
                // adopt
                "adopt-chunk=4096       | --adopt-chunk is for --adopt",
                "adopt=true             | --adopt makes private RAM shareable, and --backing memfd is shared already; use --backing anonymous, or leave --adopt out",
                "adopt=true backing=file:/tmp mechanism=fuse | --adopt makes private RAM shareable, and --backing file:/tmp is shared already; use --backing anonymous, or leave --adopt out",
                "adopt=true backing=anonymous mechanism=gift | --adopt makes private RAM shareable so that it can be flipped, and --mechanism gift flips nothing; use --mechanism flip, or leave --adopt out",
                "adopt=true backing=anonymous forked=5 | --adopt turns RAM into a memfd, and --thp, --forked and --unaligned need private memory; leave --adopt out, or those",
                "adopt=true backing=anonymous adopt-chunk=2147483648 | --adopt-chunk 2G: it must be at most --ram 1G",
                // mechanism
                "mechanism=fuse         | --mechanism fuse moves pages out of a file on a disk, and --backing memfd is memory; use --backing file:DIR, or --mechanism flip",
                "mechanism=fuse backing=anonymous | --mechanism fuse moves pages out of a file on a disk, and --backing anonymous is memory; use --backing file:DIR, or --mechanism gift",
                "mechanism=pull backing=file:/tmp | --backing file:DIR is for --mechanism fuse only, and this is --mechanism pull; use --backing memfd, or --mechanism fuse",
                "mechanism=flip backing=anonymous | --mechanism flip needs RAM that both agents can map, and --backing anonymous is private; use --backing memfd, or --mechanism gift, or --adopt",
                "mechanism=gift         | --mechanism gift gives away private anonymous pages, and --backing memfd is shared; use --backing anonymous, or --mechanism flip",
                "mechanism=stream gift=false | --no-gift changes nothing with --mechanism stream, which moves no page anyway",
                "no-way-back=true       | --no-way-back is for --mechanism gift; a page sent by flip can be taken back",
                // sharer
                "sharer=5 mechanism=stream | --sharer keeps pages from being flipped, and --mechanism stream flips none; use --mechanism flip, or leave --sharer out",
                "sharer=5 backing=anonymous adopt=true | --sharer maps shared RAM from the start, and with --adopt RAM is private at the start; use --backing memfd",
                "sharer=5 backing=hugetlb | --sharer maps only pages that hold data, and --backing hugetlb does not tell which do; use --backing memfd",
                "sharer=5 gift=false    | --sharer changes nothing with --no-gift, which copies every page anyway",
                // schedule
                "backing=file:/tmp schedule=handover | --schedule handover sends pages while the guest writes them, and --mechanism fuse moves clean pages only; use --schedule stop-and-move",
                "mechanism=stream schedule=postcopy | --schedule postcopy has the destination fetch pages, and with --mechanism stream only the source can send them; use --mechanism flip, or --mechanism pull",
                "mechanism=pull schedule=handover | --schedule handover lets both agents map the same pages, and --mechanism pull copies them; use --mechanism flip, or --schedule stop-and-move",
                "gift=false schedule=handover | --schedule handover maps the source's own pages, and --no-gift has every page copied; use --schedule stop-and-move",
                "move=false schedule=postcopy | --schedule postcopy maps the source's own pages, and --no-move has every page copied; use --schedule stop-and-move",
                "schedule=precopy       | --schedule precopy copies pages while the guest runs, and --mechanism flip copies none; use --schedule handover, or --mechanism stream",
                // precopy
                "downtime-limit=300     | --downtime-limit is for --schedule precopy",
                "max-bandwidth=1048576  | --max-bandwidth is for --schedule precopy",
                "mechanism=stream max-rounds=3 | --max-rounds is for --schedule precopy",
                "timeout=1              | --timeout is for --schedule precopy",
                "on-timeout=switch      | --on-timeout is for --schedule precopy",
                "auto-converge=true     | --auto-converge is for --schedule precopy",
                "dirty-tracking=log     | --dirty-tracking is for --schedule precopy",
                "mechanism=stream schedule=precopy on-timeout=postcopy | --on-timeout postcopy has the destination fetch the pages that are left, and with --mechanism stream only the source can send them; use --mechanism pull, --on-timeout switch, or --on-timeout cancel",
                // conditions of RAM
                "present=5 mechanism=stream | --present and --unmapped keep pages from being flipped, and this migration flips none; use --mechanism flip without --no-gift and --no-move, or leave them out",
                "unmapped=5 move=false  | --present and --unmapped keep pages from being flipped, and this migration flips none; use --mechanism flip without --no-gift and --no-move, or leave them out",
                "unmapped=5 gift=false  | --present and --unmapped keep pages from being flipped, and this migration flips none; use --mechanism flip without --no-gift and --no-move, or leave them out",
                "unmapped=5 schedule=postcopy | --present and --unmapped: with --schedule postcopy no page is mapped before the switchover; use --schedule handover, or stop-and-move",
                "backing=anonymous mechanism=pull unaligned=5 | --unaligned 5%: only --mechanism gift sends pages with vmsplice, and this is --mechanism pull; use --mechanism gift, or leave --unaligned out",
                // postcopy, and the destination
                "prefetch=16            | --prefetch is for --schedule postcopy and for --on-timeout postcopy, and this is --schedule handover",
                "mechanism=stream move=false | --no-move changes nothing with --mechanism stream, which moves no page anyway",
                "backing=file:/tmp move=false | --no-move: with --mechanism fuse it is the source that asks for moves; use --no-gift",
            })
    void whatDoesNotGoTogether(String words, String sentence) {
        assertThat(RequestRules.check(request(words))).contains(new Refusal(Refusal.Kind.COMBINATION, sentence));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "backing=file:/tmp | --ping-pong migrates the guest again, and --mechanism fuse leaves its RAM in a private file mapping, which cannot be moved again; leave --ping-pong out",
                "sharer=5 | --ping-pong migrates the guest again, and --sharer is for the first migration only; leave one of them out",
                "backing=anonymous unaligned=5 | --ping-pong migrates the guest again, and --unaligned is for the first migration only; leave one of them out",
                "vcpus=2 |",
                "backing=anonymous adopt=true |",
            })
    void whatIsPassedToAndFroIsPlain(String words, String sentence) {
        assertThat(RequestRules.check(request(words))).isEmpty();
        assertThat(RequestRules.checkPingPong(request(words))
                        .map(Refusal::sentence)
                        .orElse(null))
                .isEqualTo(sentence);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "prefetch=16 |",
                "move=false  |",
                "vcpus=0     |",
                "prefetch=0  | --prefetch 0: it must be from 1 to 262144",
                "run-after=-1 | --run-after -1.0: it must be from 0 to 1000000 seconds",
            })
    void aDestinationAnswersForItsPartOnly(String words, String sentence) {
        assertThat(RequestRules.checkDestination(request(words))
                        .map(Refusal::sentence)
                        .orElse(null))
                .isEqualTo(sentence);
    }

    @ParameterizedTest
    @EnumSource(Mechanism.class)
    void everyMechanismHasMemoryThatItCanTake(Mechanism mechanism) {
        Backing backing = RequestRules.backingFor(mechanism);
        RamPlace place = backing == Backing.FILE ? RamPlace.parse("file:/tmp") : new RamPlace(backing);
        MigrationRequest request =
                new RequestBuilder().mechanism(mechanism).place(place).build();
        assertThat(RequestRules.check(request)).isEmpty();
    }

    @Test
    void whatIsLeftOpenFollowsFromTheRest() {
        assertThat(request("backing=memfd")).matches(r -> is(r, Mechanism.FLIP, Schedule.HANDOVER));
        assertThat(request("backing=hugetlb")).matches(r -> is(r, Mechanism.FLIP, Schedule.HANDOVER));
        assertThat(request("backing=anonymous")).matches(r -> is(r, Mechanism.GIFT, Schedule.STOP_AND_MOVE));
        assertThat(request("backing=anonymous adopt=true")).matches(r -> is(r, Mechanism.FLIP, Schedule.HANDOVER));
        assertThat(request("backing=file:/tmp")).matches(r -> is(r, Mechanism.FUSE, Schedule.STOP_AND_MOVE));
        assertThat(request("gift=false")).matches(r -> is(r, Mechanism.FLIP, Schedule.STOP_AND_MOVE));
        assertThat(request("move=false")).matches(r -> is(r, Mechanism.FLIP, Schedule.STOP_AND_MOVE));
        assertThat(request("mechanism=pull")).matches(r -> is(r, Mechanism.PULL, Schedule.STOP_AND_MOVE));
    }

    private static boolean is(MigrationRequest request, Mechanism mechanism, Schedule schedule) {
        return request.mechanism() == mechanism && request.schedule() == schedule;
    }
}
