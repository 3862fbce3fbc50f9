/**
 * Helpers that the tests of all modules share: waits with a limit, child processes, users without privilege, huge pages
 * for the time of a test. This module uses no other module.
 */
@NullMarked
package io.pageflip.testkit;

import org.jspecify.annotations.NullMarked;
