/** What is asked of a migration. */
@NullMarked
package io.pageflip.request;

import org.jspecify.annotations.NullMarked;
