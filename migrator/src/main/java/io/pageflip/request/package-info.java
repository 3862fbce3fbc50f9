/** The request: what is asked of a migration, and the rules for that. */
@NullMarked
package io.pageflip.request;

import org.jspecify.annotations.NullMarked;
