/**
 * Guest RAM: the blocks that it consists of, the memory that they lie in, and the state of their pages: which hold
 * data, which were written.
 */
@NullMarked
package io.pageflip.ram;

import org.jspecify.annotations.NullMarked;
