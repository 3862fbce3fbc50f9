/**
 * Whole guests on the simulated kernel: their pages in the conditions that a description asks for, moved by each seed's
 * code. {@link io.pageflip.kernel.workload.Simulation} is the entry point; it runs a guest of any size through a few
 * frames, one chunk of 2 MiB after the other. The condition of a page is a pure function of the random seed and the
 * page's number, so that nothing depends on the number of threads.
 */
@NullMarked
package io.pageflip.kernel.workload;

import org.jspecify.annotations.NullMarked;
