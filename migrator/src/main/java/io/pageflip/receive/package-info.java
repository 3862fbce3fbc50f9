/** The mechanisms at the destination: how one page is received. */
@NullMarked
package io.pageflip.receive;

import org.jspecify.annotations.NullMarked;
