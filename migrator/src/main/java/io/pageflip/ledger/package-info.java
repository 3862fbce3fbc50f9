/** The account of every page at the destination, and the evidence for moves. */
@NullMarked
package io.pageflip.ledger;

import org.jspecify.annotations.NullMarked;
