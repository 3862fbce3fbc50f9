/** Pure values about memory: ranges and sets of pages, sizes as people write them. No I/O, no state of the host. */
@NullMarked
package io.pageflip.memory;

import org.jspecify.annotations.NullMarked;
