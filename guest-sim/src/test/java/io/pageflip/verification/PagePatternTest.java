package io.pageflip.verification;

import static org.assertj.core.api.Assertions.assertThat;

import io.pageflip.memory.BasePage;
import io.pageflip.os.NativeBuffer;
import io.pageflip.verification.PagePattern.Damage;
import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class PagePatternTest {
    private static final int BLOCK = 1;
    private static final long PAGE = 42;
    private static final int GENERATION = 5;

    private final PagePattern pattern = new PagePattern();
    private final NativeBuffer found = NativeBuffer.allocate(BasePage.BYTES);

    private byte[] content(int block, long page, int generation) {
        byte[] bytes = new byte[BasePage.BYTES];
        pattern.of(block, page, generation).bytes().get(0, bytes);
        return bytes;
    }

    private Damage diagnose(byte[] bytes) {
        return diagnose(bytes, BasePage.BYTES);
    }

    private Damage diagnose(byte[] bytes, int length) {
        found.bytes().put(0, bytes);
        return pattern.diagnose(found, length, BLOCK, PAGE);
    }

    @Test
    void contentFollowsFromPlaceAndGeneration() {
        byte[] bytes = content(BLOCK, PAGE, GENERATION);
        assertThat(content(BLOCK, PAGE, GENERATION)).isEqualTo(bytes);
        assertThat(new PagePattern().of(BLOCK, PAGE, GENERATION).bytes().getLong(4088))
                .isEqualTo(pattern.of(BLOCK, PAGE, GENERATION).bytes().getLong(4088));
    }

    @Test
    void noTwoPlacesOrGenerationsShareAWordAtOnePlaceOfThePage() {
        Set<Long> lastWords = new HashSet<>();
        for (int block = 0; block < 3; block++) {
            for (long page = 0; page < 200; page++) {
                for (int generation = 1; generation < 20; generation++) {
                    lastWords.add(pattern.of(block, page, generation).bytes().getLong(4088));
                }
            }
        }
        assertThat(lastWords).hasSize(3 * 200 * 19);
    }

    @Test
    void theFirstWordsNameThePlaceAndTheGeneration() {
        NativeBuffer page = pattern.of(BLOCK, PAGE, GENERATION);
        assertThat(page.bytes().getLong(0)).isEqualTo(0x5047_0100_0000_002aL);
        assertThat(page.bytes().getLong(8)).isEqualTo(GENERATION);
    }

    @Test
    void zerosAreALostPage() {
        assertThat(diagnose(new byte[BasePage.BYTES])).isEqualTo(Damage.LOST);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, GENERATION - 1, GENERATION + 1, Integer.MAX_VALUE})
    void itsOwnContentOfAnotherGenerationIsStale(int generation) {
        assertThat(diagnose(content(BLOCK, PAGE, generation))).isEqualTo(Damage.STALE);
    }

    @Test
    void theWholeContentOfAnotherPlaceIsMisplaced() {
        assertThat(diagnose(content(BLOCK, PAGE + 1, GENERATION))).isEqualTo(Damage.MISPLACED);
        assertThat(diagnose(content(BLOCK + 1, PAGE, GENERATION))).isEqualTo(Damage.MISPLACED);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 8, 16, 512, 2048, 4088, 4095})
    void aPageOfTwoHalvesIsTorn(int seam) {
        byte[] bytes = content(BLOCK, PAGE, GENERATION);
        byte[] newer = content(BLOCK, PAGE, GENERATION + 1);
        byte[] torn = newer.clone();
        System.arraycopy(bytes, seam, torn, seam, BasePage.BYTES - seam);
        if (seam > 8) { // before that, both generations are the same bytes: they name the same place
            assertThat(diagnose(torn)).isEqualTo(Damage.TORN);
        } else {
            assertThat(torn).isEqualTo(bytes);
        }
    }

    @Test
    void aPageThatIsZeroInPartIsTorn() {
        byte[] bytes = content(BLOCK, PAGE, GENERATION);
        java.util.Arrays.fill(bytes, 2048, BasePage.BYTES, (byte) 0);
        assertThat(diagnose(bytes)).isEqualTo(Damage.TORN);
        byte[] other = content(BLOCK, PAGE, GENERATION);
        java.util.Arrays.fill(other, 0, 2048, (byte) 0);
        assertThat(diagnose(other)).isEqualTo(Damage.TORN);
    }

    @Test
    void everySingleWrongByteIsTorn() {
        for (int i = 16; i < BasePage.BYTES; i++) {
            byte[] bytes = content(BLOCK, PAGE, GENERATION);
            bytes[i]++;
            assertThat(diagnose(bytes)).as("byte %d", i).isEqualTo(Damage.TORN);
        }
    }

    @Test
    void garbageIsTorn() {
        byte[] bytes = new byte[BasePage.BYTES];
        java.util.Arrays.fill(bytes, (byte) 0x77);
        assertThat(diagnose(bytes)).isEqualTo(Damage.TORN);
    }

    @Test
    void ofAPartOfAPageOnlyThatPartCounts() {
        byte[] bytes = content(BLOCK, PAGE, GENERATION - 1);
        java.util.Arrays.fill(bytes, 512, BasePage.BYTES, (byte) 9);
        assertThat(diagnose(bytes, 512)).isEqualTo(Damage.STALE);
        bytes[511]++;
        assertThat(diagnose(bytes, 512)).isEqualTo(Damage.TORN);
        java.util.Arrays.fill(bytes, 0, 512, (byte) 0);
        assertThat(diagnose(bytes, 512)).isEqualTo(Damage.LOST);
    }
}
