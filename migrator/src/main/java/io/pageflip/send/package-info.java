/** The mechanisms at the source: how one page is sent. */
@NullMarked
package io.pageflip.send;

import org.jspecify.annotations.NullMarked;
