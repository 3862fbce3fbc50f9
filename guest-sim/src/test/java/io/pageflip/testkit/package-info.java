/** What the tests share: child processes, waits with a deadline, huge pages for a while. */
package io.pageflip.testkit;
