/** Watches guests from outside, by their guest information pages: how long no heartbeat comes, whatever the cause. */
@NullMarked
package io.pageflip.observer;

import org.jspecify.annotations.NullMarked;
