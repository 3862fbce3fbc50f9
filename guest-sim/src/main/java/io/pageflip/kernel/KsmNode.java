package io.pageflip.kernel;

/**
 * A node of KSM's stable tree: the mapping of a page that several equal anonymous pages were merged into (mm/ksm.c).
 */
final class KsmNode implements PageMapping {}
