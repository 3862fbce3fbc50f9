/** Reports of results, for people and for programs. */
@NullMarked
package io.pageflip.cli.report;

import org.jspecify.annotations.NullMarked;
