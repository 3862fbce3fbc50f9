/** The seeds' own kernel code, as a model that runs. */
@NullMarked
package io.pageflip.kernel;

import org.jspecify.annotations.NullMarked;
