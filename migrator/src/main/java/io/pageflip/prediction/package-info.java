/**
 * What is expected of a migration before it runs: how many pages move, how many are copied and why, and how long that
 * takes on this host. {@link io.pageflip.prediction.Costs} is the time of a page, which
 * {@link io.pageflip.prediction.Calibration} measures.
 */
@NullMarked
package io.pageflip.prediction;

import org.jspecify.annotations.NullMarked;
