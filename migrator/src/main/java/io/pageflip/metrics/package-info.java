/** Counters, phases and results: what was measured, in the units and under the names that reports use. No I/O. */
@NullMarked
package io.pageflip.metrics;

import org.jspecify.annotations.NullMarked;
