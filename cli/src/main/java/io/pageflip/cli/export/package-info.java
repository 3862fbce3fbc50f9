/** Results in the formats of other programs: pure functions from a comparison to the text of a file. */
@NullMarked
package io.pageflip.cli.export;

import org.jspecify.annotations.NullMarked;
