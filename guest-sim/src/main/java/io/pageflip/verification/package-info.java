/**
 * Checks that the guest is intact: an oracle outside of guest RAM knows what each page must hold, and tells lost,
 * stale, torn and misplaced pages apart.
 */
@NullMarked
package io.pageflip.verification;

import org.jspecify.annotations.NullMarked;
