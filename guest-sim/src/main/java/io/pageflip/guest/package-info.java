/**
 * The simulated guest: its RAM is real, its vCPUs are threads that write to it, its devices have state that must cross.
 *
 * <pre>
 *   RamBlock ram   (--ram)           memfd, hugetlb, anonymous, file  vCPUs write; page 0 is the guest information page
 *   RamBlock vram  16 MiB            memfd                            vCPUs write
 *   RamBlock rom   256 KiB + 512 B   anonymous                        written once, at power-on
 *
 *   With --adopt, ram is private memory until an Adoption maps its memfd over it, and a DmaDevice pins some pages:
 *
 *     mapping  | memfd ............ | private | memfd ...     memfd  | data .. hole .. data | old copy | data ...
 *                                     pinned                                                  written at the switchover
 *
 *   With --sharer, a Sharer maps regions of ram's memfd, and the destination has memory of its own in their place:
 *
 *     mapping  | memfd ... | private | memfd ...      memfd  | data .. hole .. | what it held before | data ...
 *     there                  regions                                             the third process maps this
 *
 *   With RamConditions, parts of ram are huge pages, are in a forked child, too, cross in two pieces, are mapped at the
 *   destination beforehand, or have no place there: by regions of 2 MiB or more, the same parts in each.
 *
 *   outside guest RAM, shared by both agents:
 *   Oracle         4 bytes for each 4 KiB of RAM: the generation of its content
 *     Pulse        after them: how many instructions each vCPU executed in each of the last milliseconds
 *   ConsoleLog     the lines that the guest's console has put out
 *   RunToken       who may run the guest
 * </pre>
 *
 * <p>The content of a page is a function of its place and generation ({@link io.pageflip.verification.PagePattern}), so
 * that after a migration every page can be checked, and a lost, stale, torn or misplaced one told apart.
 */
@NullMarked
package io.pageflip.guest;

import org.jspecify.annotations.NullMarked;
