/** Results as people and programs read them. */
@NullMarked
package io.pageflip.cli.report;

import org.jspecify.annotations.NullMarked;
