/**
 * A simulated kernel, on which the seeds' own code runs: what each would have moved, what it would have copied and why,
 * and what it does wrong. A model in plain Java: no system call, no clock, no randomness; it shares nothing with the
 * real mechanisms but the idea.
 *
 * <pre>
 *   Kernel
 *     PageAllocator   PageFrame PageFrame PageFrame ...   count, mapcount, flags, mapping + index, content
 *                        ^          ^          ^
 *     AddressSpace       |          |          |          one per process
 *       Vma Vma          |          |          |            AnonVma: where Rmap looks for anonymous pages
 *       PageTable  ------+          |          |            entries: none, page, swap slot
 *     Pipe                          |          |
 *       PipeBuffer PipeBuffer ------+          |          page, offset, length, flags; PipeBufferOps: confirm, steal
 *     PageCache  ------------------------------+          one per file, or shared memory
 *     SwapArea                                            slots, and the swap cache; Ksm merges equal pages
 *     KernelLog                                           Warnings that the kernel prints, Defects that it does not see
 *     Hazards                                             what other threads and the allocator do at the worst moment
 * </pre>
 *
 * <table>
 * <caption>The seeds, and where their code is</caption>
 *   <tr><th>seed</th><th>class</th><th>reasons</th></tr>
 *   <tr><td>004, 000: vmsplice moves gifted pages</td>
 * <td>{@link io.pageflip.kernel.Vmsplice}; as posted {@code PipeToUserMove}, fixed {@code PipeToUserFlip}</td>
 * <td>{@link io.pageflip.kernel.GiftReason}, {@link io.pageflip.kernel.MoveReason}</td></tr>
 *   <tr><td>001: FUSE moves pages into the page cache</td>
 * <td>{@link io.pageflip.kernel.FuseDevice}, {@code FuseCopyState}, {@link io.pageflip.kernel.FuseRequest}</td>
 * <td>{@link io.pageflip.kernel.FuseReason}</td></tr>
 *   <tr><td>002: many pages inserted as special entries</td>
 * <td>{@link io.pageflip.kernel.SpecialPages}</td><td>{@link io.pageflip.kernel.InsertReason}</td></tr>
 *   <tr><td>003: zero-copy write through a pipe-backed iterator</td>
 * <td>{@link io.pageflip.kernel.PipeIterWrite}</td><td>{@link io.pageflip.kernel.PipeIterReason}</td></tr>
 * </table>
 *
 * <p>Each takes its decisions in the order of the seed's tests, one for each page or part of a page that it is offered,
 * and adds them to a {@link io.pageflip.kernel.Tally}: an {@link io.pageflip.kernel.Outcome} and one reason each.
 * Moved, copied, claimed and failed add up to what was offered.
 *
 * <p>Frames are reused, and vmsplice allocates nothing: memory of any size can run through the same few frames, one
 * part after the other.
 */
@NullMarked
package io.pageflip.kernel;

import org.jspecify.annotations.NullMarked;
