/**
 * The bytes that cross between the agents: frames, page records and messages. No I/O.
 *
 * <p>Two connections lead from one agent to the other. The <b>migration stream</b> goes from source to destination and
 * carries everything about pages, in order; it is a Unix socket, a pipe, or the shell's own pipe. The <b>control
 * connection</b> is a Unix socket that carries the greeting, answers, and what must overtake the stream; a shell pipe
 * has none.
 *
 * <pre>
 *   frame:   u32 magic "PGFL"   u16 type (0 is invalid)   u16 0   u32 length of the body   body
 *   record:  u16 block   u8 copy reason or 0   u8 0   u32 count of pages   u64 first page
 *   all numbers are little-endian
 *
 *   source                                          destination
 *     HELLO + descriptors  ----- control, or stream -->   checks, maps, registers
 *     EXPECT records       ----- stream -------------->   makes room for pages that will be copied
 *     PREPARE              ----- stream -------------->   all of the above is done
 *           <---------------- control ---------------     READY
 *     GIFT, BYTES, SPLICE, PULL, ZERO, FUSE  - stream ->  moves or copies
 *     END                  ----- stream -------------->   checks that every page is accounted for
 *     the state, and that the lock is free  -- run token -->   locks, loads, stores the epoch, runs the guest
 *           <---------------- control ---------------     RESUMED
 *           <---------------- control ---------------     COMPLETED, the report
 *     handover: MAP, BYTES and END come before PREPARE, while the guest runs;
 *           pages written since come again, with an END
 *     postcopy: as handover, but what MAP announces is mapped only after RESUMED, or when it is touched
 *     postcopy of pulls: POSTCOPY and END come before PREPARE;
 *           the pages are read after RESUMED, or when they are touched
 *     precopy: pages and ROUND, again and again, while the guest runs; what is left, and END, while it is paused
 *           if it runs out of time, POSTCOPY instead of what is left
 *     RECOVER + run token  --- a new control connection --->   after the first one broke,
 *           while POSTCOPY pages are at the source
 *           <-------- the new connection -------------     RESUMED
 *     CANCEL  --- control --->   <--- control --- FAILED  (either, at any time before the epoch changes)
 * </pre>
 */
@NullMarked
package io.pageflip.wire;

import org.jspecify.annotations.NullMarked;
