package io.pageflip.os;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class ErrnoTest {
    /** asm-generic/errno-base.h and errno.h. */
    @ParameterizedTest
    @CsvSource({
        "1, EPERM",
        "2, ENOENT",
        "3, ESRCH",
        "4, EINTR",
        "5, EIO",
        "6, ENXIO",
        "9, EBADF",
        "11, EAGAIN",
        "12, ENOMEM",
        "13, EACCES",
        "14, EFAULT",
        "16, EBUSY",
        "17, EEXIST",
        "19, ENODEV",
        "20, ENOTDIR",
        "22, EINVAL",
        "24, EMFILE",
        "25, ENOTTY",
        "27, EFBIG",
        "28, ENOSPC",
        "32, EPIPE",
        "36, ENAMETOOLONG",
        "38, ENOSYS",
        "95, EOPNOTSUPP",
        "98, EADDRINUSE",
        "104, ECONNRESET",
        "110, ETIMEDOUT",
        "111, ECONNREFUSED"
    })
    void namesAreThoseOfTheKernel(int errno, String name) {
        assertThat(Errno.name(errno)).isEqualTo(name);
    }

    @Test
    void everyConstantHasItsOwnNumberAndName() throws IllegalAccessException {
        Set<Integer> numbers = new HashSet<>();
        for (Field field : Errno.class.getDeclaredFields()) {
            if (Modifier.isPublic(field.getModifiers())) {
                assertThat(Errno.name(field.getInt(null))).isEqualTo(field.getName());
                assertThat(numbers.add(field.getInt(null))).as(field.getName()).isTrue();
            }
        }
        assertThat(numbers).hasSizeGreaterThan(20);
    }

    @Test
    void numbersWithoutANameAreShownAsNumbers() {
        assertThat(Errno.name(133)).isEqualTo("errno 133");
        assertThat(Errno.name(0)).isEqualTo("errno 0");
    }
}
