/**
 * Predicts a migration before it runs: how many pages move, how many are copied and why, and how long that takes on
 * this host. {@link io.pageflip.prediction.Calibration} measures how long a page takes;
 * {@link io.pageflip.prediction.Costs} holds the result.
 */
@NullMarked
package io.pageflip.prediction;

import org.jspecify.annotations.NullMarked;
